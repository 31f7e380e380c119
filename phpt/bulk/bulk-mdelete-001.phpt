--TEST--
TagCache::mDelete() returns how many there were
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->mSet(['a' => 1, 'b' => 2, '3' => 3]);
    check($cache->mDelete(['a', 'absent', '3', 'a']) === 2, "$name: two");
    check($cache->mGet(['a', 'b', '3']) === ['b' => 2], "$name: one is left");
    check($cache->mDelete([]) === 0, "$name: nothing");
}
?>
===DONE===
--EXPECT--
===DONE===
