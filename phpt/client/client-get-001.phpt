--TEST--
TagCache::get() returns what set() stored, and null for a miss
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    check($cache->set("k $name", 'value') === true, "$name: set returns true");
    check($cache->get("k $name") === 'value', "$name: get returns the value");
    check($cache->get('absent') === null, "$name: a miss is null");
}
?>
===DONE===
--EXPECT--
===DONE===
