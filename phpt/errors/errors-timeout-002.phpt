--TEST--
The time-out holds for each call, the largest of them too (lesson 12)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$silent = stream_socket_server('tcp://127.0.0.1:0', context: stream_context_create(['socket' => ['backlog' => 100]]));
$address = 'tcp://' . stream_socket_get_name($silent, false);
foreach (['binary', 'text'] as $protocol) {
    $cache = new TagCache(['servers' => [$address], 'timeout_ms' => 60, 'backoff_ms' => 0, 'retries' => 0, 'protocol' => $protocol]);
    $calls = [
        'get' => fn() => $cache->get('k'), 'set' => fn() => $cache->set('k', str_repeat('x', 30 << 20)),
        'mGet' => fn() => $cache->mGet(array_map(fn($i) => "key $i", range(1, 50000))),
        'mSet' => fn() => $cache->mSet(array_fill(0, 50000, 'value')), 'invalidateTag' => fn() => $cache->invalidateTag('t'),
        'keysByTag' => fn() => $cache->keysByTag('t'), 'stats' => fn() => $cache->stats(), 'flush' => fn() => $cache->flush(),
        'mDelete' => fn() => $cache->mDelete(['a', 'b']), 'increment' => fn() => $cache->increment('n'),
    ];
    foreach ($calls as $name => $call) {
        $error = '';
        $ms = milliseconds_of(function () use ($call, &$error) {
            $error = thrown_by($call);
        });
        check(str_starts_with($error, 'TagCacheTimeoutException: '), "$protocol $name: $error");
        check($ms < 5000, "$protocol $name took $ms ms");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
