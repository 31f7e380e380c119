--TEST--
Each function does as a method: same parameters after the object, same defaults, same return type
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$methods = [
    'put' => 'set', 'mget' => 'mGet', 'bulk_get' => 'mGet', 'mput' => 'mSet', 'bulk_put' => 'mSet', 'mdelete' => 'mDelete',
    'invalidate_tag' => 'invalidateTag', 'invalidate_tags' => 'invalidateTags', 'keys_by_tag' => 'keysByTag',
    'search_any' => 'searchAny', 'search_all' => 'searchAll', 'last_error' => 'lastError',
];
$text = fn(array $parameters) => implode(', ', array_map('strval', array_map(fn($p) => preg_replace('/#\d+/', '#', (string) $p), $parameters)));
$seen = ['__construct', 'create'];
foreach ((new ReflectionExtension('tagcache'))->getFunctions() as $name => $function) {
    $short = substr($name, strlen('tagcache_'));
    if ($short === 'create') {
        continue;
    }
    $method = new ReflectionMethod('TagCache', $methods[$short] ?? $short);
    $seen[] = $method->name;
    check($text(array_slice($function->getParameters(), 1)) === $text($method->getParameters()), "$name: parameters");
    check((string) $function->getParameters()[0]->getType() === 'TagCache', "$name: takes the object first");
    check((string) $function->getReturnType() === (string) $method->getReturnType(), "$name: return type");
}
var_dump(array_values(array_diff(get_class_methods('TagCache'), $seen)));
?>
===DONE===
--EXPECT--
array(0) {
}
===DONE===
