--TEST--
TagCache::invalidateTag() invalidates exactly the entries with the tag
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('a', 1, ['red']);
    $cache->set('b', 2, ['red', 'blue']);
    $cache->set('c', 3, ['blue']);
    $cache->set('d', 4);
    check($cache->invalidateTag('red') === 2, "$name: two were red");
    check($cache->mGet(['a', 'b', 'c', 'd']) === ['c' => 3, 'd' => 4], "$name: the others stay");
    check($cache->invalidateTag('red') === 0, "$name: none is left");
    check($cache->invalidateTag('never used') === 0, "$name: an unknown tag has none");
    check($cache->keysByTag('blue') === ['c'], "$name: b left its other tag too");
    $cache->flush();
}
?>
===DONE===
--EXPECT--
===DONE===
