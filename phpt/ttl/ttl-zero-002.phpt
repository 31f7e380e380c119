--TEST--
Without a configured default entries never expire, singly and in bulk (lesson 5)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('one', 1);
    $cache->mSet(['bulk' => 1]);
    $meta = $server->client();
    check($meta->meta('one')['ttl_ms'] === null, "$name: set");
    check($meta->meta('bulk')['ttl_ms'] === null, "$name: mSet");
    check($cache->mGet(['one', 'bulk']) === ['one' => 1, 'bulk' => 1], "$name: both are there");
}
?>
===DONE===
--EXPECT--
===DONE===
