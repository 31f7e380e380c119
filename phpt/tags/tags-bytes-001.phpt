--TEST--
Tags are bytes on the binary protocol: empty, binary and with commas
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$tags = ['', "\0", 'a,b', 'a', "t\tn\n", "\xFF", ' a', '1', '01', str_repeat('t', 255)];
foreach ($tags as $i => $tag) {
    $cache->set("k$i", $i, [$tag]);
}
foreach ($tags as $i => $tag) {
    check($cache->keysByTag($tag) === ["k$i"], "tag $i");
    check($cache->invalidateTag($tag) === 1, "tag $i is one entry's");
}
?>
===DONE===
--EXPECT--
===DONE===
