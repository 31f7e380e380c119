--TEST--
mGet of a packed list of 1000 keys allocates the result and nothing besides
--SKIPIF--
<?php
require __DIR__ . '/../skipif.inc';
if (PHP_VERSION_ID < 80200) die('skip memory_reset_peak_usage() is of PHP 8.2');
if (getenv('USE_ZEND_ALLOC') === '0') die('skip the allocator counts nothing');
?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$keys = array_map(fn(int $i): string => "key:$i", range(0, 999));
foreach ($server->clients() as $name => $cache) {
    $cache->mSet(array_fill_keys($keys, str_repeat('v', 100)));
    $cache->mGet($keys);  // the library's buffers have their size from now on
    $back = null;
    memory_reset_peak_usage();
    $back = $cache->mGet($keys);
    $besides = memory_get_peak_usage() - memory_get_usage();
    check(count($back) === 1000, "$name: all are there");
    check($besides === 0, "$name: $besides bytes besides the result");
}
?>
===DONE===
--EXPECT--
===DONE===
