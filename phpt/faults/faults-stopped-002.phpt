--TEST--
A time-out in a write: the next reads are not shifted by its late answer (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['binary', 'text'] as $protocol) {
    $cache = $server->client(['timeout_ms' => 100, 'backoff_ms' => 0, 'pool_size' => 1, 'protocol' => $protocol]);
    $patient = $server->client(['protocol' => $protocol]);
    $patient->mSet(['a' => 'A', 'b' => 'B', 'n' => 5]);
    $cache->get('a');
    $server->pause();
    foreach (['set' => fn() => $cache->set('late', 1), 'increment' => fn() => $cache->increment('n'), 'mSet' => fn() => $cache->mSet(['x' => 1, 'y' => 2]), 'invalidateTag' => fn() => $cache->invalidateTag('t')] as $name => $call) {
        $error = thrown_by($call);
        check(str_starts_with($error, 'TagCacheTimeoutException: '), "$protocol $name: $error");
    }
    $server->resume();
    $patient->get('a');
    for ($i = 0; $i < 200; $i++) {
        try {
            check($cache->get('a') === 'A' && $cache->get('b') === 'B' && $cache->get('absent') === null, "$protocol: shifted");
        } catch (TagCacheTimeoutException) {
            // As above.
        }
    }
}
?>
===DONE===
--EXPECT--
===DONE===
