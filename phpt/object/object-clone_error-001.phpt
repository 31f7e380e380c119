--TEST--
A client can not be cloned (lesson 19)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
echo thrown_by(fn() => clone $cache), "\n";
var_dump($cache->set('k', 1), $cache->get('k'));
?>
===DONE===
--EXPECT--
Error: Trying to clone an uncloneable object of class TagCache
bool(true)
int(1)
===DONE===
