--TEST--
A negative time to live is a ValueError and stores nothing
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('touched', 1);
echo thrown_by(fn() => $cache->set('k', 1, ttl_ms: -1)), "\n";
echo thrown_by(fn() => $cache->add('k', 1, ttl_ms: PHP_INT_MIN)), "\n";
echo thrown_by(fn() => $cache->replace('touched', 2, ttl_ms: -1)), "\n";
echo thrown_by(fn() => $cache->mSet(['k' => 1], ttl_ms: -1)), "\n";
echo thrown_by(fn() => $cache->increment('k', ttl_ms: -1)), "\n";
echo thrown_by(fn() => $cache->touch('touched', -1)), "\n";
var_dump($cache->get('k'), $cache->get('touched'));
?>
===DONE===
--EXPECTF--
ValueError: TagCache::set(): Argument #4 ($ttl_ms) must be %s
ValueError: TagCache::add(): Argument #4 ($ttl_ms) must be %s
ValueError: TagCache::replace(): Argument #4 ($ttl_ms) must be %s
ValueError: TagCache::mSet(): Argument #2 ($ttl_ms) must be %s
ValueError: TagCache::increment(): Argument #5 ($ttl_ms) must be %s
ValueError: TagCache::touch(): Argument #2 ($ttl_ms) must be %s
NULL
int(1)
===DONE===
