--TEST--
A client has no properties and takes none
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
echo thrown_by(function () use ($cache) {
    $cache->typo = 1;
}), "\n";
var_dump(get_object_vars($cache));
?>
===DONE===
--EXPECT--
Error: Cannot create dynamic property TagCache::$typo
array(0) {
}
===DONE===
