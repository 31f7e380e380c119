--TEST--
The greatest time to live is taken and does not wrap around
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('k', 1, ttl_ms: PHP_INT_MAX);
var_dump($cache->get('k'), $cache->touch('k', PHP_INT_MAX), $cache->get('k'));
?>
===DONE===
--EXPECT--
int(1)
bool(true)
int(1)
===DONE===
