--TEST--
A limit under 1 is a ValueError
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
echo thrown_by(fn() => $cache->keysByTag('t', 0)), "\n";
echo thrown_by(fn() => $cache->keysByTag('t', -1)), "\n";
echo thrown_by(fn() => $cache->searchAny(['t'], -1)), "\n";
echo thrown_by(fn() => $cache->searchAll(['t'], PHP_INT_MIN)), "\n";
?>
===DONE===
--EXPECTF--
ValueError: TagCache::keysByTag(): Argument #2 ($limit) must be %s
ValueError: TagCache::keysByTag(): Argument #2 ($limit) must be %s
ValueError: TagCache::searchAny(): Argument #2 ($limit) must be %s
ValueError: TagCache::searchAll(): Argument #2 ($limit) must be %s
===DONE===
