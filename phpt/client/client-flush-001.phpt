--TEST--
TagCache::flush() empties the cache and returns how many entries there were
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->mSet(['a' => 1, 'b' => 2, 'c' => 3], tags: ['t']);
    check($cache->flush() === 3, "$name: three entries");
    check($cache->mGet(['a', 'b', 'c']) === [], "$name: none is left");
    check($cache->keysByTag('t') === [], "$name: nor a tag");
    check($cache->flush() === 0, "$name: an empty cache has none");
}
?>
===DONE===
--EXPECT--
===DONE===
