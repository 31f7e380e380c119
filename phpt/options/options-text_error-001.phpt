--TEST--
With the text protocol a prefix that it can not carry is refused when the client is made
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
foreach (["a\tb", "a,b", "a\nb"] as $prefix) {
    $error = thrown_by(fn() => new TagCache(['protocol' => 'text', 'prefix' => $prefix]));
    check(preg_match('/^TagCacheUsageException: option prefix: .*binary protocol/', $error) === 1, $error);
}
var_dump(new TagCache(['protocol' => 'binary', 'prefix' => "a\tb,"]) instanceof TagCache);
?>
===DONE===
--EXPECT--
bool(true)
===DONE===
