--TEST--
100,000 keys in one mSet and one mGet, on every transport and protocol (lessons 5, 16)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=512M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $items = [];
    for ($i = 0; $i < 100000; $i++) {
        $items["key:$i"] = $i % 3 ? "value of $name $i" : $i;
    }
    check($cache->mSet($items) === 100000, "$name: all are stored");
    check($cache->mGet(array_keys($items)) === $items, "$name: all come back");
    check($cache->mDelete(array_keys($items)) === 100000, "$name: all are deleted");
}
?>
===DONE===
--EXPECT--
===DONE===
