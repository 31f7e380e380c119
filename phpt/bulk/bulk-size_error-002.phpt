--TEST--
A refused add or replace leaves what is there
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--max-value=1000');
$cache = $server->client();
$large = str_repeat('x', 1001);
$cache->set('k', 'old');
echo thrown_by(fn() => $cache->replace('k', $large)), "\n";
echo thrown_by(fn() => $cache->add('absent', $large)), "\n";
var_dump($cache->get('k'), $cache->get('absent'));
?>
===DONE===
--EXPECTF--
TagCacheServerException: %s'k'%s1000%S
TagCacheServerException: %s'absent'%s1000%S
string(3) "old"
NULL
===DONE===
