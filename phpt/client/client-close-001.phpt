--TEST--
TagCache::close() closes the connections; the client stays usable
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['persistent' => false]);
$cache->set('k', 1);
var_dump($cache->close());
var_dump($cache->get('k'));
$client = $cache->stats()['client'];
var_dump($client['connections_opened'], $client['connections_open']);
$cache->close();
$cache->close();
var_dump($cache->get('k'));
?>
===DONE===
--EXPECT--
NULL
int(1)
int(2)
int(1)
int(1)
===DONE===
