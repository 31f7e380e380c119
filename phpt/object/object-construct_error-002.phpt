--TEST--
A constructor that fails leaves an object that refuses calls; one that runs twice is refused or starts anew (lesson 19)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = (new ReflectionClass('TagCache'))->newInstanceWithoutConstructor();
check(str_starts_with(thrown_by(fn() => $cache->__construct(['unknown' => 1])), 'TagCacheUsageException'), 'a bad option');
check(str_starts_with(thrown_by(fn() => $cache->get('k')), 'TagCacheUsageException'), 'not constructed');
$cache->__construct($server->options());
var_dump($cache->set('k', 1), $cache->get('k'));
foreach ([true, false] as $persistent) {
    $twice = $server->client(['persistent' => $persistent]);
    $twice->set('k', 2);
    echo preg_replace('/:.*/', '', thrown_by(fn() => $twice->__construct(['servers' => [$server->unix]]))), "\n";
    var_dump($twice->get('k'));
}
?>
===DONE===
--EXPECT--
bool(true)
int(1)
TagCacheUsageException
int(2)
TagCacheUsageException
int(2)
===DONE===
