--TEST--
The methods of docs/php.md have the parameters and defaults of the extension
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$doc = file_get_contents(__DIR__ . '/../../docs/php.md');
foreach ((new ReflectionClass('TagCache'))->getMethods() as $method) {
    if ($method->isConstructor() || $method->isStatic()) {
        continue;
    }
    $parameters = [];
    foreach ($method->getParameters() as $p) {
        $default = $p->isDefaultValueAvailable() ? ' = ' . str_replace('NULL', 'null', var_export($p->getDefaultValue(), true)) : '';
        $parameters[] = "\${$p->getName()}$default";
    }
    $signature = $method->getName() . '(' . implode(', ', $parameters) . ')';
    check(str_contains($doc, "| `$signature` |"), $signature);
}
?>
===DONE===
--EXPECT--
===DONE===
