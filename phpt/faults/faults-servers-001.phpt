--TEST--
A list of servers: the addresses are tried in order until one connects
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = new TagCache(['servers' => ['unix:///nonexistent/socket', $server->tcp], 'timeout_ms' => 20000]);
var_dump($cache->set('k', 1), $cache->get('k'));
$cache = new TagCache("unix:///nonexistent/socket,{$server->unix}?timeout_ms=20000");
var_dump($cache->get('k'));
?>
===DONE===
--EXPECT--
bool(true)
int(1)
int(1)
===DONE===
