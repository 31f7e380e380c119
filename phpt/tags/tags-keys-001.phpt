--TEST--
TagCache::keysByTag() lists all, or no more than the limit
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $items = array_fill_keys(array_map(fn($i) => "$i:k", range(1, 5000)), 1);
    $cache->mSet($items, tags: ['many']);
    $keys = $cache->keysByTag('many');
    check(count($keys) === 5000 && count(array_unique($keys)) === 5000, "$name: all, each once: " . count($keys));
    check(array_diff($keys, array_keys($items)) === [], "$name: and no other");
    foreach ([1, 10, 4999, 5000, 9000] as $limit) {
        $some = $cache->keysByTag('many', $limit);
        check(count(array_unique($some)) === min($limit, 5000), "$name: limit $limit: " . count($some));
    }
    check($cache->keysByTag('none') === [], "$name: an unknown tag has none");
    $cache->flush();
}
?>
===DONE===
--EXPECT--
===DONE===
