--TEST--
tagcache_increment() and decrement
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$c = $server->client();
var_dump(tagcache_increment($c, 'n'), tagcache_increment($c, 'n', 10), tagcache_decrement($c, 'n', 4));
var_dump(tagcache_increment($c, 'm', 1, 100, ['t'], 60000), $c->keysByTag('t'), tagcache_decrement($c, 'd'));
?>
===DONE===
--EXPECT--
int(1)
int(11)
int(7)
int(100)
array(1) {
  [0]=>
  string(1) "m"
}
int(-1)
===DONE===
