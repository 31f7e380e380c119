--TEST--
TagCache::mGet() returns key => value in the order asked, misses left out
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->mSet(['a' => 1, 'b' => null, 'c' => 'three']);
    $back = $cache->mGet(['c', 'absent', 'b', 'a', 'gone']);
    check($back === ['c' => 'three', 'b' => null, 'a' => 1], "$name: " . json_encode($back));
    check($cache->mGet([]) === [], "$name: nothing asked, nothing returned");
    check($cache->mGet(['absent', 'gone']) === [], "$name: only misses");
}
?>
===DONE===
--EXPECT--
===DONE===
