--TEST--
Integers among the keys are taken as their decimal string
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->mSet([1 => 'one', -2 => 'minus two']);
var_dump($cache->mGet([1, -2]) === [1 => 'one', -2 => 'minus two']);
var_dump($cache->mGet(array_keys([1 => 0, -2 => 0])) === [1 => 'one', -2 => 'minus two']);
var_dump($cache->get('1'), $cache->mDelete([1, -2]));
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
string(3) "one"
int(2)
===DONE===
