--TEST--
One value over the memory limit is an error that names it, and every later answer is right (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=256M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['binary', 'text'] as $protocol) {
    $cache = $server->client(['pool_size' => 1, 'protocol' => $protocol]);
    $cache->set('small', 'right');
    ini_set('memory_limit', '256M');
    $cache->set('big', str_repeat('x', 60 << 20));
    gc_mem_caches();
    ini_set('memory_limit', '32M');
    $error = thrown_by(fn() => $cache->get('big'));
    check(preg_match("/^TagCacheException: get 'big' .*62914560.*memory_limit/", $error) === 1, "$protocol: $error");
    check($cache->set('k', 1) && $cache->get('small') === 'right' && $cache->get('absent') === null, "$protocol: later answers");
}
?>
===DONE===
--EXPECT--
===DONE===
