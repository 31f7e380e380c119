--TEST--
TagCache::stats() counts what this client and the server did
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$before = $cache->stats();
$cache->set('k', 1);
$cache->get('k');
$cache->get('absent');
$after = $cache->stats();
var_dump($after['hits'] - $before['hits'], $after['misses'] - $before['misses'], $after['puts'] - $before['puts']);
var_dump($after['items'], is_array($after['client']), $after['client']['connections_opened']);
?>
===DONE===
--EXPECT--
int(1)
int(1)
int(1)
int(1)
bool(true)
int(1)
===DONE===
