--TEST--
A counter has a fixed window: its time to live is set when it is created, and anew only with touch
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['tcp', 'unix', 'shm'] as $transport) {
    $cache = $server->client([], $transport);
    $left = fn(string $key) => $cache->meta($key)['ttl_ms'];
    check($cache->increment('n', ttl_ms: 50000) === 1 && $left('n') > 0 && $left('n') <= 50000, 'set at creation');
    check($cache->increment('n', ttl_ms: 900000) === 2 && $left('n') <= 50000, 'kept from then on');
    check($cache->decrement('n', ttl_ms: 0) === 1 && $left('n') <= 50000, 'kept, also from one without an end');
    check($cache->increment('n', ttl_ms: 900000, touch: true) === 2 && $left('n') > 50000, 'set anew with touch');
    check($cache->increment('n', ttl_ms: 0, touch: true) === 3 && $left('n') === null, 'and taken off');
    check($cache->increment('n', ttl_ms: 50000) === 4 && $left('n') === null, 'kept without an end');
    check($cache->increment('e') === 1 && $left('e') === null, 'without one it never expires');
    $cache->increment('short', ttl_ms: 1);
    do {
        $gone = !$cache->has('short');
    } while (!$gone);
    check($cache->increment('short', ttl_ms: 50000) === 1 && $left('short') > 0, 'the next window begins anew');
    $cache->flush();
}
$text = $server->client(['protocol' => 'text']);
$error = thrown_by(fn() => $text->increment('n', ttl_ms: 50000));
check(preg_match("/^TagCacheUsageException: increment 'n'.*binary/", $error) === 1, "text: $error");
check($text->increment('n', ttl_ms: 50000, touch: true) === 1 && $cache->meta('n')['ttl_ms'] > 0, 'text, with touch');
?>
===DONE===
--EXPECT--
===DONE===
