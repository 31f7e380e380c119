--TEST--
A mode other than any and all, and tags that are no strings, are refused by name
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('k', 1, ['t']);
echo thrown_by(fn() => $cache->invalidateTags(['t'], 'some')), "\n";
echo thrown_by(fn() => $cache->invalidateTags(['t'], '')), "\n";
check(preg_match('/^(TypeError|TagCacheUsageException): /', thrown_by(fn() => $cache->invalidateTags([['t']]))) === 1, 'array');
var_dump($cache->get('k'));
?>
===DONE===
--EXPECTF--
ValueError: TagCache::invalidateTags(): Argument #2 ($mode) must be %sany%sall%s
ValueError: TagCache::invalidateTags(): Argument #2 ($mode) must be %sany%sall%s
int(1)
===DONE===
