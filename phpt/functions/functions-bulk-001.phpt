--TEST--
tagcache_mput(), mget and mdelete, and their older names bulk_put and bulk_get
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$c = $server->client();
var_dump(tagcache_mput($c, ['a' => 1, 'b' => 2], 60000, ['t']), tagcache_mget($c, ['b', 'a', 'absent']));
var_dump(tagcache_bulk_put($c, ['c' => 3]), tagcache_bulk_get($c, ['c', 'a']));
var_dump(tagcache_mdelete($c, ['a', 'c', 'absent']), tagcache_keys_by_tag($c, 't'));
?>
===DONE===
--EXPECT--
int(2)
array(2) {
  ["b"]=>
  int(2)
  ["a"]=>
  int(1)
}
int(1)
array(2) {
  ["c"]=>
  int(3)
  ["a"]=>
  int(1)
}
int(2)
array(1) {
  [0]=>
  string(1) "b"
}
===DONE===
