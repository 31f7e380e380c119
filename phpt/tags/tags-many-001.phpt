--TEST--
Invalidating a tag of 100,000 entries costs the caller no memory (lesson 14)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=512M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
for ($batch = 0; $batch < 10; $batch++) {
    $items = [];
    for ($i = 0; $i < 10000; $i++) {
        $items["$batch:$i"] = $i;
    }
    $cache->mSet($items, tags: ['all', "batch $batch"]);
}
$keys = array_keys($items);
unset($items);
function_exists('memory_reset_peak_usage') && memory_reset_peak_usage();  // PHP 8.2
$before = memory_get_peak_usage();
var_dump($cache->invalidateTag('all'), memory_get_peak_usage() - $before < 100000);
var_dump($cache->mGet($keys), $cache->keysByTag('batch 3'), $cache->stats()['items']);
?>
===DONE===
--EXPECT--
int(100000)
bool(true)
array(0) {
}
array(0) {
}
int(0)
===DONE===
