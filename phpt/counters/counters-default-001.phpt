--TEST--
default_ttl_ms is that of counters too (lesson 45)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$meta = $server->client();
foreach (['tcp', 'unix', 'shm'] as $transport) {
    foreach (['binary', 'text'] as $protocol) {
        $cache = $server->client(['default_ttl_ms' => 60000, 'protocol' => $protocol], $transport);
        $left = fn(string $key) => $meta->meta($key)['ttl_ms'];
        check($cache->increment('n') === 1 && $left('n') > 0 && $left('n') <= 60000, "$transport $protocol: increment");
        check($cache->decrement('d', 5) === -5 && $left('d') > 0, "$transport $protocol: decrement");
        check($cache->increment('never', ttl_ms: 0) === 1 && $left('never') === null, "$transport $protocol: 0 is never");
        $meta->set('old', 1, ttl_ms: 900000);
        check($cache->increment('old') === 2 && ($protocol === 'text' || $left('old') > 60000), "$transport $protocol: what is there keeps its own");
        check($protocol === 'text' || ($cache->increment('old', touch: true) === 3 && $left('old') <= 60000), "$transport $protocol: touch");
        $meta->flush();
    }
}
?>
===DONE===
--EXPECT--
===DONE===
