--TEST--
tagcache_stats(), flush, ping and close
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$c = $server->client();
$c->set('k', 1);
var_dump(tagcache_stats($c)['items'], tagcache_ping($c) > 0, tagcache_flush($c), tagcache_close($c));
?>
===DONE===
--EXPECT--
int(1)
bool(true)
int(1)
NULL
===DONE===
