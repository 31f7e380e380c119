--TEST--
TagCache::create() makes a client as new does
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = TagCache::create($server->options());
var_dump($cache instanceof TagCache, $cache->set('k', 1), $cache->get('k'));
var_dump(TagCache::create() instanceof TagCache, TagCache::create(null) instanceof TagCache);
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
int(1)
bool(true)
bool(true)
===DONE===
