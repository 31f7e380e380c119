--TEST--
Small socket buffers, no delay and polling change no answer
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ([['send_buffer' => 4096, 'receive_buffer' => 4096], ['tcp_nodelay' => false, 'tcp_keepalive' => false], ['busy_poll_us' => 50], ['idle_check_ms' => 0, 'health_check_ms' => 1], ['pool_min' => 3, 'pool_size' => 3], ['pool_size' => 1, 'retries' => 0]] as $options) {
    foreach (['binary', 'text'] as $protocol) {
        $cache = $server->client($options + ['protocol' => $protocol]);
        $items = array_map(fn($i) => str_repeat("$i ", 50), range(0, 2000));
        check($cache->mSet($items) === 2001 && $cache->mGet(array_keys($items)) === $items && $cache->get('7') === $items[7], "$protocol " . json_encode($options));
    }
}
?>
===DONE===
--EXPECT--
===DONE===
