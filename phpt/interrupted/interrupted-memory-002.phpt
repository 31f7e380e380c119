--TEST--
Out of memory for one large value: a shutdown function gets right answers (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=32M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['pool_size' => 1]);
$value = str_repeat('x', 1 << 20);
$cache->mSet(['small' => 'right']);
$big = $server->client(['pool_size' => 1, 'client_name' => 'writer']);
ini_set('memory_limit', '256M');
$big->set('big', str_repeat('x', 60 << 20));
unset($value);
gc_mem_caches();
ini_set('memory_limit', '32M');
register_shutdown_function(function () use ($cache) {
    var_dump($cache->get('small'), $cache->get('absent'), $cache->mGet(['small']) === ['small' => 'right']);
    echo "===DONE===\n";
});
$cache->get('big');
?>
===DONE===
--EXPECTF--
%AFatal error: Allowed memory size of %d bytes exhausted%A
string(5) "right"
NULL
bool(true)
===DONE===
