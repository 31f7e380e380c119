--TEST--
TagCache::ping() returns the milliseconds of a round trip
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $ms = $cache->ping();
    check(is_float($ms) && $ms > 0 && $ms < 20000, "$name: a time, not " . var_export($ms, true));
}
?>
===DONE===
--EXPECT--
===DONE===
