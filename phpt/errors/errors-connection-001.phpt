--TEST--
No server: a TagCacheConnectionException that names operation, key and server (lesson 22)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$server->kill();
$cache = $server->client(['backoff_ms' => 0]);
echo thrown_by(fn() => $cache->get('user:1')), "\n";
echo thrown_by(fn() => $cache->set("user\t2", 1)), "\n";
echo thrown_by(fn() => $cache->mGet(['a', 'b'])), "\n";
echo thrown_by(fn() => $cache->invalidateTag('t')), "\n";
echo thrown_by(fn() => $cache->ping()), "\n";
echo thrown_by(fn() => $server->client(['backoff_ms' => 0], 'unix')->get('k')), "\n";
?>
===DONE===
--EXPECTF--
TagCacheConnectionException: get 'user:1' %stcp://127.0.0.1:%d: %s
TagCacheConnectionException: %s 'user\x092' %stcp://127.0.0.1:%d: %s
TagCacheConnectionException: mGet %stcp://127.0.0.1:%d: %s
TagCacheConnectionException: invalidate%s't' %stcp://127.0.0.1:%d: %s
TagCacheConnectionException: ping %stcp://127.0.0.1:%d: %s
TagCacheConnectionException: get 'k' %sunix:///%s: %s
===DONE===
