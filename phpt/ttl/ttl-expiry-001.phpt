--TEST--
An entry is gone when its time is over
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('short', 1, ttl_ms: 1);
    $cache->set('long', 1, ttl_ms: 600000);
    $deadline = hrtime(true) + 10e9;
    while ($cache->get('short') !== null && hrtime(true) < $deadline);
    check($cache->get('short') === null, "$name: the short one is gone");
    check($cache->get('long') === 1, "$name: the long one is there");
}
?>
===DONE===
--EXPECT--
===DONE===
