--TEST--
A client can not be serialized, exported and read back, or unserialized from a forged string
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
echo thrown_by(fn() => serialize($cache)), "\n";
echo thrown_by(fn() => serialize([1, $cache])), "\n";
echo thrown_by(fn() => unserialize('O:8:"TagCache":0:{}')), "\n";
echo json_encode($cache), "\n";
var_dump($cache->set('k', 1), $cache->get('k'));
?>
===DONE===
--EXPECT--
Exception: Serialization of 'TagCache' is not allowed
Exception: Serialization of 'TagCache' is not allowed
Exception: Unserialization of 'TagCache' is not allowed
{}
bool(true)
int(1)
===DONE===
