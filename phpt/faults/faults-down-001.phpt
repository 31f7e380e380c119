--TEST--
While the server is down a hundred calls fail at once, clearly, and recover by themselves (lesson 12)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['tcp', 'unix'] as $transport) {
    $cache = $server->client(['connect_timeout_ms' => 1000, 'timeout_ms' => 5000, 'backoff_ms' => 20], $transport);
    $cache->set('k', 1);
    $server->kill();
    $ms = milliseconds_of(function () use ($cache, $transport) {
        for ($i = 0; $i < 100; $i++) {
            $error = thrown_by(fn() => $cache->get('k'));
            check(str_starts_with($error, 'TagCacheConnectionException: '), "$transport: $error");
        }
    });
    check($ms < 10000, "$transport: a hundred calls took $ms ms");
    $server->start();
    $deadline = hrtime(true) + 20e9;
    while (!str_starts_with($last = thrown_by(fn() => $cache->set('k', 2)), 'nothing') && hrtime(true) < $deadline);
    check(str_starts_with($last, 'nothing'), "$transport: recovers: $last");
    check($cache->get('k') === 2, "$transport: and works");
    check($cache->stats()['client']['fail_fast'] > 0, "$transport: calls failed without a connect");
}
?>
===DONE===
--EXPECT--
===DONE===
