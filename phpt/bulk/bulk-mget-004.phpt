--TEST--
mGet reads the values of any array: holes, string keys, references, copies
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->mSet(['a' => 1, 'b' => 2, 'c' => 3]);
$holes = ['a', 'b', 'c'];
unset($holes[1]);
$name = 'b';
var_dump($cache->mGet($holes) === ['a' => 1, 'c' => 3]);
var_dump($cache->mGet(['x' => 'c', 'y' => 'a']) === ['c' => 3, 'a' => 1]);
var_dump($cache->mGet([&$name]) === ['b' => 2]);
var_dump($cache->mGet(array_keys(['b' => 0, 'c' => 0])) === ['b' => 2, 'c' => 3]);
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
bool(true)
bool(true)
===DONE===
