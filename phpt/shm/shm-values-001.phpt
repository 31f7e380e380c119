--TEST--
Values of any size and number go through memory shared with the server
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(transport: 'shm');
foreach ([0, 1, 65535, 262143, 262144, 262145, 5_000_000] as $size) {
    $value = str_repeat('x', $size);
    $cache->set("size $size", $value, ['sizes']);
    check($cache->get("size $size") === $value, "a value of $size bytes");
}
$items = [];
for ($i = 0; $i < 50_000; $i++) {
    $items["key $i"] = ['number' => $i, 'half' => $i / 2];
}
var_dump($cache->mSet($items, tags: ['many']));
check($cache->mGet(array_keys($items)) === $items, 'what mGet returns is what mSet stored');
var_dump($cache->invalidateTag('sizes'), $cache->invalidateTag('many'), $cache->get('key 7'));
?>
===DONE===
--EXPECT--
int(50000)
int(7)
int(50000)
NULL
===DONE===
