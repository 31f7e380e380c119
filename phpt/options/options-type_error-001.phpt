--TEST--
An option of the wrong type is refused by name, with what it is to be (lesson 23)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$wrong = [
    'servers' => [1, null, [1], [['x']]], 'host' => [1, []], 'port' => ['1984', 1.5], 'socket' => [1], 'protocol' => [1, true],
    'timeout_ms' => ['250', 1.5, null, true], 'connect_timeout_ms' => ['1'], 'pool_size' => ['4', 4.0], 'pool_min' => ['1'],
    'idle_timeout_ms' => ['1'], 'idle_check_ms' => [1.5], 'health_check_ms' => ['1'], 'persistent' => [1, 'yes', null],
    'retries' => ['1', true], 'backoff_ms' => ['1'], 'backoff_max_ms' => ['1'], 'tcp_nodelay' => [1, 'on'], 'tcp_keepalive' => [0],
    'send_buffer' => ['64k'], 'receive_buffer' => [1.0], 'busy_poll_us' => ['1'], 'username' => [1], 'password' => [1, null],
    'client_name' => [[]], 'serializer' => [1], 'compression' => [false], 'prefix' => [1, null], 'default_ttl_ms' => ['60'],
    'errors' => [true, 1],
];
foreach ($wrong as $name => $values) {
    foreach ($values as $value) {
        $error = thrown_by(fn() => new TagCache([$name => $value]));
        check(preg_match("/^TagCacheUsageException: option $name must be of type [a-z|]+( of strings)?, \w+ given$/", $error) === 1, "$name: $error");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
