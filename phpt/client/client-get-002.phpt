--TEST--
TagCache::get() returns the default for a miss, and only for a miss
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->mSet(['null' => null, 'false' => false, 'empty' => '']);
    check($cache->get('absent', 'other') === 'other', "$name: a miss is the default");
    check($cache->get('absent', default: [1]) === [1], "$name: the default may be of any type");
    check($cache->get('null', 'other') === null, "$name: a stored null is not a miss");
    check($cache->get('false', 'other') === false, "$name: a stored false is not a miss");
    check($cache->get('empty', 'other') === '', "$name: a stored empty string is not a miss");
}
?>
===DONE===
--EXPECT--
===DONE===
