--TEST--
increment() and decrement() start at the step, go on from there, and read back as integers
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    check($cache->increment('n') === 1, "$name: starts at 1");
    check($cache->increment('n', 41) === 42, "$name: goes on");
    check($cache->get('n') === 42, "$name: reads back as an integer");
    check($cache->decrement('n', 50) === -8, "$name: goes below zero");
    check($cache->increment('n', -2) === -10, "$name: a negative step");
    check($cache->decrement('down', 5) === -5, "$name: decrement starts at minus the step");
    $cache->set('set', 7);
    check($cache->increment('set') === 8, "$name: an integer that was set");
    $cache->flush();
}
?>
===DONE===
--EXPECT--
===DONE===
