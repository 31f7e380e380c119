--TEST--
docs/php.md has every option with its default, every method and every function
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$doc = file_get_contents(__DIR__ . '/../../docs/php.md');
foreach (ini_get_all('tagcache') as $name => $setting) {
    $option = substr($name, strlen('tagcache.'));
    $default = $setting['global_value'] === '' ? '' : "`{$setting['global_value']}` ";
    check(str_contains($doc, "| `$option` | `$name` | $default|"), "$option with default '$default'");
}
foreach (get_class_methods('TagCache') as $method) {
    check($method === '__construct' || preg_match("/^\| `(TagCache::)?$method\(/m", $doc) === 1, "method $method");
}
foreach ((new ReflectionExtension('tagcache'))->getFunctions() as $name => $function) {
    check(str_contains($doc, "`$name()`"), "function $name");
}
foreach ((new ReflectionExtension('tagcache'))->getClassNames() as $class) {
    check(str_contains($doc, "`$class`"), "class $class");
}
?>
===DONE===
--EXPECT--
===DONE===
