--TEST--
Functions take a TagCache and nothing else
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
echo thrown_by(fn() => tagcache_get(new stdClass(), 'k')), "\n";
echo thrown_by(fn() => tagcache_put('k', 'v', [])), "\n";
echo thrown_by(fn() => tagcache_mget(null, ['k'])), "\n";
?>
===DONE===
--EXPECTF--
TypeError: tagcache_get(): Argument #1 ($%s) must be of type TagCache, stdClass given
TypeError: tagcache_put(): Argument #1 ($%s) must be of type TagCache, string given
TypeError: tagcache_mget(): Argument #1 ($%s) must be of type TagCache, null given
===DONE===
