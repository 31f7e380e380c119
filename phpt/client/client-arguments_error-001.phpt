--TEST--
Arguments of a wrong type are a TypeError that names them
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
echo thrown_by(fn() => $cache->get([])), "\n";
echo thrown_by(fn() => $cache->get()), "\n";
echo thrown_by(fn() => $cache->set('k', 1, 'tag')), "\n";
echo thrown_by(fn() => $cache->set('k', 1, ttl_ms: 'soon')), "\n";
echo thrown_by(fn() => $cache->mGet('k')), "\n";
echo thrown_by(fn() => $cache->increment('k', by: 'many')), "\n";
echo thrown_by(fn() => $cache->get('k', unknown: 1)), "\n";
?>
===DONE===
--EXPECT--
TypeError: TagCache::get(): Argument #1 ($key) must be of type string, array given
ArgumentCountError: TagCache::get() expects at least 1 argument, 0 given
TypeError: TagCache::set(): Argument #3 ($tags) must be of type ?array, string given
TypeError: TagCache::set(): Argument #4 ($ttl_ms) must be of type ?int, string given
TypeError: TagCache::mGet(): Argument #1 ($keys) must be of type array, string given
TypeError: TagCache::increment(): Argument #2 ($by) must be of type int, string given
Error: Unknown named parameter $unknown
===DONE===
