--TEST--
TagCache::stats() works on the text protocol, with the numbers that it has
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['protocol' => 'text']);
$cache->set('k', 1);
$cache->get('k');
$stats = $cache->stats();
foreach (['hits', 'misses', 'puts', 'invalidations'] as $name) {
    var_dump($stats[$name]);
}
var_dump($stats['client']['connections_opened']);
?>
===DONE===
--EXPECT--
int(1)
int(0)
int(1)
int(0)
int(1)
===DONE===
