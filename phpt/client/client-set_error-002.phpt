--TEST--
A tag over 255 bytes and more than 64 tags are refused with the limit named
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
echo thrown_by(fn() => $cache->set('k', 1, [str_repeat('t', 256)])), "\n";
echo thrown_by(fn() => $cache->set('k', 1, array_map(strval(...), range(1, 65)))), "\n";
var_dump($cache->set('k', 1, array_map(strval(...), range(1, 64))));
?>
===DONE===
--EXPECTF--
TagCacheServerException: %s255%S
TagCacheServerException: %s64%S
bool(true)
===DONE===
