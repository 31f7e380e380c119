--TEST--
What the text protocol has no command for is refused with the binary protocol named
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['protocol' => 'text']);
$calls = [
    'replace' => fn() => $cache->replace('k', 1), 'has' => fn() => $cache->has('k'), 'touch' => fn() => $cache->touch('k', 1),
    'meta' => fn() => $cache->meta('k'), 'searchAll' => fn() => $cache->searchAll(['t']), 'searchAny' => fn() => $cache->searchAny(['t']),
    'increment with initial' => fn() => $cache->increment('n', 1, 100),
];
foreach ($calls as $name => $call) {
    $error = thrown_by($call);
    check(preg_match('/^TagCacheUsageException: .*binary protocol/', $error) === 1, "$name: $error");
}
check($cache->set('k', 1) && $cache->get('k') === 1, 'the connection is in order');
?>
===DONE===
--EXPECT--
===DONE===
