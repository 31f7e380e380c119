--TEST--
Values of 8 KB and 16 KB, a byte less and a byte more come back whole (lessons 3, 5)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $items = [];
    foreach ([8000, 8192, 16384, 65536, 262144] as $size) {
        foreach ([$size - 1, $size, $size + 1] as $exact) {
            $items["of $exact"] = substr(str_repeat("0123456789 $name ", intdiv($exact, 10) + 1), 0, $exact);
        }
    }
    foreach ($items as $key => $value) {
        $cache->set($key, $value);
        check($cache->get($key) === $value, "$name: $key");
    }
    $cache->flush();
    check($cache->mSet($items) === count($items), "$name: all are stored in bulk");
    check($cache->mGet(array_keys($items)) === $items, "$name: and come back in bulk");
    check($cache->get('absent') === null, "$name: the connections are in order");
}
?>
===DONE===
--EXPECT--
===DONE===
