--TEST--
TagCache::mSet() returns how many were stored, with one time to live and set of tags for all
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    check($cache->mSet(['a' => 1, 'b' => 'two', 'c' => [3]], 60000, ['t', 'u']) === 3, "$name: three");
    check($cache->mSet([]) === 0, "$name: nothing");
    check($cache->mGet(['a', 'b', 'c']) === ['a' => 1, 'b' => 'two', 'c' => [3]], "$name: values");
    $keys = $cache->keysByTag('u');
    sort($keys);
    check($keys === ['a', 'b', 'c'], "$name: tags");
    check($server->client()->meta('b')['ttl_ms'] > 0, "$name: time to live");
    check($cache->invalidateTag('t') === 3, "$name: and gone with one tag");
}
?>
===DONE===
--EXPECT--
===DONE===
