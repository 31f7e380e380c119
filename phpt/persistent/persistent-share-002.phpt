--TEST--
A thousand clients in one script open one connection (lesson 18)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
for ($i = 0; $i < 1000; $i++) {
    $cache = $server->client();
    $cache->increment('n');
}
$stats = $cache->stats();
var_dump($cache->get('n'), $stats['client']['connections_opened'], $stats['connections']);
?>
===DONE===
--EXPECT--
int(1000)
int(1)
int(1)
===DONE===
