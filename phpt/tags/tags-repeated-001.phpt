--TEST--
A tag given twice counts once; integers are taken as their decimal string
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('k', 1, ['t', 't', 7]);
$tags = $cache->meta('k')['tags'];
sort($tags);
var_dump($tags === ['7', 't'], $cache->keysByTag('t'), $cache->invalidateTag('7'), $cache->get('k'));
?>
===DONE===
--EXPECT--
bool(true)
array(1) {
  [0]=>
  string(1) "k"
}
int(1)
NULL
===DONE===
