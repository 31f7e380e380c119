--TEST--
Out of memory in the middle of a bulk read: a shutdown function gets right answers (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=64M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['pool_size' => 1]);
foreach (range(1, 200) as $i) {
    $cache->set("big$i", str_repeat(chr(64 + $i % 26), 1 << 20));
    $cache->set("small$i", "value $i");
}
register_shutdown_function(function () use ($cache) {
    ini_set('memory_limit', '512M');
    var_dump($cache->set('k', 1), $cache->increment('k'));
    foreach (range(1, 200) as $i) {
        check($cache->get("small$i") === "value $i", "small$i: another's value");
        check($cache->get("big$i") === str_repeat(chr(64 + $i % 26), 1 << 20), "big$i: another's value");
    }
    echo "===DONE===\n";
});
$cache->mGet(array_map(fn($i) => "big$i", range(1, 200)));
?>
===DONE===
--EXPECTF--
%AFatal error: Allowed memory size of %d bytes exhausted%A
bool(true)
int(2)
===DONE===
