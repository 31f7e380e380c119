--TEST--
TagCache::invalidateTags() of any counts each entry once, of all invalidates those with every tag
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $fill = function () use ($cache) {
        $cache->flush();
        $cache->set('a', 1, ['x']);
        $cache->set('b', 2, ['x', 'y']);
        $cache->set('c', 3, ['y', 'z']);
        $cache->set('d', 4, ['z']);
    };
    $fill();
    check($cache->invalidateTags(['x', 'y']) === 3, "$name: any is the default");
    check($cache->mGet(['a', 'b', 'c', 'd']) === ['d' => 4], "$name: d stays");
    $fill();
    check($cache->invalidateTags(['x', 'y'], 'all') === 1, "$name: all takes b");
    check($cache->mGet(['a', 'b', 'c', 'd']) === ['a' => 1, 'c' => 3, 'd' => 4], "$name: the others stay");
    check($cache->invalidateTags(['x', 'absent'], 'all') === 0, "$name: all with an unknown tag takes none");
    check($cache->invalidateTags(['x', 'x'], 'any') === 1, "$name: a tag named twice counts once");
}
?>
===DONE===
--EXPECT--
===DONE===
