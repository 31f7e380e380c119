--TEST--
Set k with a and b, invalidate a, set k without tags: invalidating b leaves it alone (lesson 9)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('k', 1, ['a', 'b']);
    check($cache->invalidateTag('a') === 1, "$name: a had one entry");
    $cache->set('k', 2);
    check($cache->invalidateTag('b') === 0, "$name: b has none left");
    check($cache->get('k') === 2, "$name: the new entry stays");
}
?>
===DONE===
--EXPECT--
===DONE===
