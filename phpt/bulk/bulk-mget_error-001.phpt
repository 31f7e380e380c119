--TEST--
Keys that are neither string nor integer are a TypeError before anything is sent
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
foreach ([null, 1.5, true, [], new stdClass()] as $key) {
    foreach (['mGet', 'mDelete'] as $method) {
        $error = thrown_by(fn() => $cache->$method(['a', $key]));
        check(str_starts_with($error, "TypeError: TagCache::$method(): Argument #1 (\$keys) must hold strings"), $error);
        check(str_contains($error, get_debug_type($key) . ' given at position 1'), $error);
    }
}
?>
===DONE===
--EXPECT--
===DONE===
