--TEST--
TagCache::meta() returns time to live, age, size, version, type and tags; null for a miss
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('k', 'twelve bytes', ['b', 'a'], 60000);
$meta = $cache->meta('k');
sort($meta['tags']);
check($meta['ttl_ms'] > 30000 && $meta['ttl_ms'] <= 60000, "time to live left, not {$meta['ttl_ms']}");
check($meta['age_ms'] >= 0 && $meta['age_ms'] < 30000, "age, not {$meta['age_ms']}");
var_dump($meta['size'], $meta['tags'], $cache->meta('absent'));
$cache->set('k', null);
$again = $cache->meta('k');
var_dump($again['ttl_ms'], $again['tags'], $again['size'], $again['version'] !== $meta['version']);
?>
===DONE===
--EXPECT--
int(12)
array(2) {
  [0]=>
  string(1) "a"
  [1]=>
  string(1) "b"
}
NULL
NULL
array(0) {
}
int(0)
bool(true)
===DONE===
