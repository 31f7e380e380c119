--TEST--
No tags are tags that no entry has: 0 and an empty list, not an error
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('k', 1, ['t']);
    check($cache->invalidateTags([]) === 0 && $cache->invalidateTags([], 'any') === 0 && $cache->invalidateTags([], 'all') === 0, $name);
    check($cache->searchAny([]) === [] && $cache->searchAll([]) === [] && $cache->searchAny([], 5) === [], "$name: searches");
    check($cache->get('k') === 1 && tagcache_invalidate_tags($cache, []) === 0, "$name: nothing is invalidated");
}
?>
===DONE===
--EXPECT--
===DONE===
