--TEST--
tagcache_invalidate_tag(), invalidate_tags, keys_by_tag, search_any and search_all
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$c = $server->client();
tagcache_mput($c, ['a' => 1], tags: ['x']);
tagcache_mput($c, ['b' => 2], tags: ['x', 'y']);
tagcache_mput($c, ['c' => 3], tags: ['y']);
$any = tagcache_search_any($c, ['x', 'y']);
sort($any);
var_dump(implode($any), tagcache_search_all($c, ['x', 'y']), tagcache_keys_by_tag($c, 'x', 1) !== []);
var_dump(tagcache_invalidate_tags($c, ['x', 'y'], 'all'), tagcache_invalidate_tag($c, 'x'));
var_dump(tagcache_invalidate_tags($c, ['x', 'y']), tagcache_flush($c));
?>
===DONE===
--EXPECT--
string(3) "abc"
array(1) {
  [0]=>
  string(1) "b"
}
bool(true)
int(1)
int(1)
int(1)
int(0)
===DONE===
