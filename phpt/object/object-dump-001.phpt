--TEST--
A client can be dumped, compared, cast and collected, and its password is nowhere in it
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['password' => 'secret', 'username' => 'app', 'persistent' => false]);
ob_start();
var_dump($cache);
print_r($cache);
var_export($cache);

$dump = ob_get_clean();
var_dump(str_contains($dump, 'TagCache'), str_contains($dump, 'secret'));
var_dump($cache == $cache, (array) $cache, isset($cache->x), (bool) $cache);
gc_collect_cycles();
?>
===DONE===
--EXPECT--
bool(true)
bool(false)
bool(true)
array(0) {
}
bool(false)
bool(true)
===DONE===
