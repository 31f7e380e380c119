--TEST--
pool_min opens its connections with the first call; pool_size is never passed
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$watch = $server->client(['client_name' => 'watch']);
$before = $watch->stats()['connections'];
$cache = $server->client(['pool_min' => 3, 'pool_size' => 4, 'persistent' => false]);
check($watch->stats()['connections'] === $before, 'nothing is opened before the first call');
$cache->get('k');
$deadline = hrtime(true) + 20e9;  // connected is not yet accepted
while ($watch->stats()['connections'] < $before + 3 && hrtime(true) < $deadline);
var_dump($cache->stats()['client']['connections_open'], $watch->stats()['connections'] - $before);
?>
===DONE===
--EXPECT--
int(3)
int(3)
===DONE===
