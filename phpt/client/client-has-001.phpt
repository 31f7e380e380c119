--TEST--
TagCache::has() distinguishes a stored null from a miss
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('k', null);
var_dump($cache->has('k'), $cache->get('k'), $cache->has('absent'), $cache->get('absent'));
?>
===DONE===
--EXPECT--
bool(true)
NULL
bool(false)
NULL
===DONE===
