--TEST--
tagcache_create() takes options, a DSN or nothing
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
var_dump(tagcache_create("{$server->tcp}?timeout_ms=20000")->set('k', 1));
var_dump(tagcache_create($server->options('unix'))->get('k'));
var_dump(tagcache_create("{$server->unix}?timeout_ms=20000")->get('k'));
var_dump(tagcache_create() instanceof TagCache, tagcache_create(null) instanceof TagCache);
?>
===DONE===
--EXPECT--
bool(true)
int(1)
int(1)
bool(true)
bool(true)
===DONE===
