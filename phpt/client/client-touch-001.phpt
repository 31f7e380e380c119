--TEST--
TagCache::touch() sets the time to live and returns whether there was an entry
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('k', 1, ['t'], 60000);
var_dump($cache->touch('absent', 1000));
var_dump($cache->touch('k', 0), $cache->meta('k')['ttl_ms']);
var_dump($cache->touch('k', 120000), $cache->meta('k')['ttl_ms'] > 60000);
var_dump($cache->get('k'), $cache->keysByTag('t'));
?>
===DONE===
--EXPECT--
bool(false)
bool(true)
NULL
bool(true)
bool(true)
int(1)
array(1) {
  [0]=>
  string(1) "k"
}
===DONE===
