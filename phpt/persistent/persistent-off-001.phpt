--TEST--
persistent => false: the connections are closed with the object
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$watch = $server->client(['prefix' => 'watch']);
$before = $watch->stats()['connections'];
$cache = $server->client(['persistent' => false]);
$cache->set('k', 1);
$other = $server->client(['persistent' => false]);
$other->set('k', 1);
check($watch->stats()['connections'] === $before + 2, 'each has its own');
unset($cache, $other);
$deadline = hrtime(true) + 20e9;
while ($watch->stats()['connections'] !== $before && hrtime(true) < $deadline);
var_dump($watch->stats()['connections'] - $before);
?>
===DONE===
--EXPECT--
int(0)
===DONE===
