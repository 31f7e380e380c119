--TEST--
tagcache_put(), get, add, replace, delete, has and touch do as the methods do
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$c = tagcache_create($server->options());
var_dump($c instanceof TagCache);
var_dump(tagcache_put($c, 'k', 'v', ['t'], 60000), tagcache_get($c, 'k'), tagcache_get($c, 'absent', 'default'));
var_dump(tagcache_add($c, 'k', 'w'), tagcache_replace($c, 'k', 'x'), tagcache_replace($c, 'absent', 'x'));
var_dump(tagcache_touch($c, 'k', 5000), $c->meta('k')['ttl_ms'] <= 5000, $c->get('k'));
var_dump(tagcache_delete($c, 'k'), tagcache_delete($c, 'k'));
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
string(1) "v"
string(7) "default"
bool(false)
bool(true)
bool(false)
bool(true)
bool(true)
string(1) "x"
bool(true)
bool(false)
===DONE===
