--TEST--
increment() takes an initial value for an absent key, and ignores it otherwise
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
var_dump($cache->increment('n', 5, 100), $cache->increment('n', 5, 100), $cache->decrement('d', 5, 0), $cache->decrement('d', 5, 0));
?>
===DONE===
--EXPECT--
int(100)
int(105)
int(0)
int(-5)
===DONE===
