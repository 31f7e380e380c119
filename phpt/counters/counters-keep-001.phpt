--TEST--
increment() keeps time to live and tags unless they are given
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('n', 1, ['old'], 600000);
$cache->increment('n');
var_dump($cache->meta('n')['tags'], $cache->meta('n')['ttl_ms'] > 60000);
$cache->increment('n', tags: ['new']);
var_dump($cache->meta('n')['tags'], $cache->meta('n')['ttl_ms'] > 60000);
$cache->increment('n', ttl_ms: 50000, touch: true);
var_dump($cache->meta('n')['tags'], $cache->meta('n')['ttl_ms'] <= 50000, $cache->invalidateTag('old'), $cache->invalidateTag('new'));
?>
===DONE===
--EXPECT--
array(1) {
  [0]=>
  string(3) "old"
}
bool(true)
array(1) {
  [0]=>
  string(3) "new"
}
bool(true)
array(1) {
  [0]=>
  string(3) "new"
}
bool(true)
int(0)
int(1)
===DONE===
