--TEST--
Integer keys by the hundred thousand: none is dropped (lesson 5)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=512M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$items = array_map(strval(...), range(0, 99999));
var_dump($cache->mSet($items), $cache->mGet(array_keys($items)) === $items, $cache->stats()['items']);
?>
===DONE===
--EXPECT--
int(100000)
bool(true)
int(100000)
===DONE===
