--TEST--
TagCache::add() stores only what is absent
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    check($cache->add("k $name", 'first', ['t']) === true, "$name: add on nothing stores");
    check($cache->add("k $name", 'second') === false, "$name: add on an entry does not");
    check($cache->get("k $name") === 'first', "$name: the first value stays");
    check($cache->invalidateTag('t') === 1, "$name: and its tags");
    check($cache->add("k $name", 'third') === true, "$name: add after the invalidation stores");
}
?>
===DONE===
--EXPECT--
===DONE===
