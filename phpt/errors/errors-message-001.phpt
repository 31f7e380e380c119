--TEST--
Keys in messages are shortened and escaped
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$server->kill();
$cache = $server->client(['backoff_ms' => 0]);
echo thrown_by(fn() => $cache->get("a\0b\nc\x1b[31m\xFF'd")), "\n";
$long = thrown_by(fn() => $cache->get(str_repeat('long ', 200)));
var_dump(strlen($long) < 400, str_contains($long, '...'));
?>
===DONE===
--EXPECTF--
TagCacheConnectionException: get 'a\x00b\x0ac\x1b[31m\xff%s
bool(true)
bool(true)
===DONE===
