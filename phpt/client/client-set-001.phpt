--TEST--
TagCache::set() replaces value, tags and time to live together (lesson 9)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('k', 'old', ['a', 'b'], 60000);
$cache->set('k', 'new');
var_dump($cache->invalidateTag('a'), $cache->invalidateTags(['b']), $cache->get('k'));
var_dump($cache->keysByTag('a'), $cache->keysByTag('b'));
?>
===DONE===
--EXPECT--
int(0)
int(0)
string(3) "new"
array(0) {
}
array(0) {
}
===DONE===
