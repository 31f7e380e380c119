--TEST--
Classes, methods and functions are those of the stub: names, types, defaults, return types
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$code = file_get_contents(__DIR__ . '/../../php-ext/tagcache.stub.php');
$parents = ['RuntimeException' => '\\RuntimeException', 'Exception' => '\\Exception'];
$code = preg_replace_callback('/extends (\w+)/', fn($m) => 'extends ' . ($parents[$m[1]] ?? $m[1]), $code);
eval('namespace StubOf; ' . preg_replace('/^<\?php/', '', $code));

/** The signature as text, the namespace of the stub taken off. */
function signature(ReflectionFunctionAbstract $function): string
{
    $parameters = [];
    foreach ($function->getParameters() as $p) {
        $default = $p->isDefaultValueAvailable() ? ' = ' . json_encode($p->getDefaultValue()) : '';
        $parameters[] = "{$p->getType()} \${$p->getName()}" . ($p->isVariadic() ? '...' : '') . ($p->isPassedByReference() ? '&' : '') . $default;
    }
    $flags = $function instanceof ReflectionMethod ? implode(' ', Reflection::getModifierNames($function->getModifiers())) : '';
    return str_replace('StubOf\\', '', "$flags {$function->getShortName()}(" . implode(', ', $parameters) . "): {$function->getReturnType()}");
}

function own_methods(string $class): array
{
    $own = array_filter((new ReflectionClass($class))->getMethods(), fn($m) => $m->class === $class);
    $signatures = array_map(signature(...), $own);
    sort($signatures);
    return $signatures;
}

$classes = array_filter(get_declared_classes(), fn($name) => str_starts_with($name, 'StubOf\\'));
$extension = new ReflectionExtension('tagcache');
$declared = array_map(fn($name) => substr($name, 7), array_values($classes));
check(array_diff($declared, $extension->getClassNames()) === [] && array_diff($extension->getClassNames(), $declared) === [], 'the classes');
foreach ($declared as $class) {
    check(own_methods("StubOf\\$class") === own_methods($class), "$class\n" . implode("\n", array_merge(array_diff(own_methods("StubOf\\$class"), own_methods($class)), array_diff(own_methods($class), own_methods("StubOf\\$class")))));
    $parent = (string) get_parent_class("StubOf\\$class");
    check(str_replace('StubOf\\', '', $parent) === (string) get_parent_class($class), "$class extends $parent");
    check((new ReflectionClass("StubOf\\$class"))->isFinal() === (new ReflectionClass($class))->isFinal(), "$class final");
}
$functions = array_filter(get_defined_functions()['user'], fn($name) => str_starts_with($name, 'stubof\\'));
check(count($functions) > 20 && count($functions) === count($extension->getFunctions()), 'the number of functions');
foreach ($functions as $name) {
    $real = substr($name, 7);
    check(function_exists($real) && signature(new ReflectionFunction($name)) === signature(new ReflectionFunction($real)), $real);
}
?>
===DONE===
--EXPECT--
===DONE===
