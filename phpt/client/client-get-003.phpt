--TEST--
Keys are bytes on the binary protocol: empty, binary, numeric and long ones are all different
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$keys = ['', "\0", "\0\0", ' ', "a\tb", "a\nb", 'a,b', '1', '01', '1.0', '-', "\xFF", str_repeat('k', 1024)];
foreach ($keys as $i => $key) {
    $cache->set($key, $i);
}
foreach ($keys as $i => $key) {
    check($cache->get($key) === $i, 'key ' . json_encode($key, JSON_INVALID_UTF8_SUBSTITUTE));
}
?>
===DONE===
--EXPECT--
===DONE===
