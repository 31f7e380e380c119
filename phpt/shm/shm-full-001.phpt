--TEST--
Without a place for shared memory the next address is taken, and without one the message has the reason
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--max-shm-connections=0');
$error = thrown_by(fn() => $server->client(transport: 'shm')->get('k'));
echo str_replace($server->shm, 'SHM', $error), "\n";
$cache = new TagCache(['servers' => [$server->shm, $server->unix]] + $server->options());
var_dump($cache->set('k', 'v'), $cache->get('k'));
?>
===DONE===
--EXPECT--
TagCacheConnectionException: get 'k' on SHM: connecting failed: the limit max_shm_connections is 0
bool(true)
string(1) "v"
===DONE===
