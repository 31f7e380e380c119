--TEST--
A resource is refused, and stores nothing
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
echo thrown_by(fn() => $cache->set('k', STDIN)), "\n";
echo thrown_by(fn() => $cache->mSet(['a' => 1, 'k' => STDIN])), "\n";
var_dump($cache->mGet(['a', 'k']));
?>
===DONE===
--EXPECT--
TagCacheUsageException: set 'k': a resource can not be stored
TagCacheUsageException: mSet 'k': a resource can not be stored
array(0) {
}
===DONE===
