--TEST--
Arguments can be named and left out
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
var_dump($cache->set(key: 'k', value: 'v', ttl_ms: 60000, tags: ['t']));
var_dump($cache->get(default: 'd', key: 'absent'));
var_dump($cache->increment(key: 'n', initial: 10), $cache->increment(key: 'n', by: 5), $cache->decrement('n', by: 3));
var_dump($cache->mSet(items: ['a' => 1], tags: ['t']), $cache->invalidateTags(mode: 'all', tags: ['t']));
var_dump($cache->keysByTag(tag: 't', limit: 10), $cache->touch(ttl_ms: 5, key: 'absent'));
?>
===DONE===
--EXPECT--
bool(true)
string(1) "d"
int(10)
int(15)
int(12)
int(1)
int(2)
array(0) {
}
bool(false)
===DONE===
