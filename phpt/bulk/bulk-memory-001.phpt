--TEST--
mSet of a million integers takes little beside the array
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=64M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    if (!str_starts_with($name, 'unix')) {
        continue;
    }
    $items = range(1, 1000000);
    $before = memory_get_usage();
    $stored = $cache->mSet($items);
    $taken = memory_get_peak_usage() - $before;
    check($stored === 1000000 && $cache->mGet([0, 16383, 16384, 999999]) === [0 => 1, 16383 => 16384, 16384 => 16385, 999999 => 1000000], "$name: all are stored");
    check($taken < 8 << 20, "$name: $taken bytes");
    $cache->flush();
    unset($items);
    if (str_ends_with($name, 'text')) {
        continue;
    }
    $items = array_fill(0, 50000, ['an array', 1.5]);
    check($cache->mSet($items) === 50000 && $cache->get(49999) === ['an array', 1.5] && $cache->get(20000) === ['an array', 1.5], "$name: arrays in chunks");
}
?>
===DONE===
--EXPECT--
===DONE===
