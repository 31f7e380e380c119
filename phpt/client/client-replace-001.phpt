--TEST--
TagCache::replace() stores only over what is there
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
var_dump($cache->replace('k', 1), $cache->has('k'));
$cache->set('k', 1, ['old']);
var_dump($cache->replace('k', 2, ['new']), $cache->get('k'));
var_dump($cache->keysByTag('old'), $cache->keysByTag('new'));
?>
===DONE===
--EXPECT--
bool(false)
bool(false)
bool(true)
int(2)
array(0) {
}
array(1) {
  [0]=>
  string(1) "k"
}
===DONE===
