--TEST--
tagcache_create() takes options, a DSN or nothing
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
var_dump(tagcache_create($server->tcp)->set('k', 1));
var_dump(tagcache_create(['servers' => [$server->unix]])->get('k'));
var_dump(tagcache_create("{$server->unix}?timeout_ms=5000")->get('k'));
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
