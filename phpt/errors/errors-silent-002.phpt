--TEST--
errors => silent keeps stats() usable without a server: the client's own counters
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$server->kill();
$cache = $server->client(['errors' => 'silent', 'backoff_ms' => 0, 'persistent' => false]);
$cache->get('k');
$stats = $cache->stats();
var_dump($stats['client']['connections_opened'], $stats['client']['connect_failures'] >= 1);
?>
===DONE===
--EXPECT--
int(0)
bool(true)
===DONE===
