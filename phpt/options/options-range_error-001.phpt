--TEST--
An option out of range is refused by name, with what is allowed (lessons 19, 23)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$wrong = [
    'pool_size' => [0, -1, 1025, PHP_INT_MAX, PHP_INT_MIN], 'pool_min' => [-1, 5], 'timeout_ms' => [0, -1, PHP_INT_MAX], 'connect_timeout_ms' => [0, -5],
    'idle_timeout_ms' => [-1], 'idle_check_ms' => [-1], 'health_check_ms' => [-1], 'retries' => [-1, 101], 'backoff_ms' => [-1],
    'backoff_max_ms' => [1, -1], 'send_buffer' => [-1, 1 << 40], 'receive_buffer' => [-1], 'busy_poll_us' => [-1, 1 << 40],
    'default_ttl_ms' => [-1], 'port' => [0, 65536, -1], 'protocol' => ['', 'BINARY', 'resp'], 'errors' => ['', 'ignore'],
    'serializer' => ['xml'], 'compression' => ['gzip'], 'client_name' => [str_repeat('x', 256)], 'prefix' => [str_repeat('x', 256)],
];
foreach ($wrong as $name => $values) {
    foreach ($values as $value) {
        $error = thrown_by(fn() => new TagCache([$name => $value]));
        check(preg_match("/^TagCacheUsageException: option $name: .*(allowed|, it is )/", $error) === 1, "$name: $error");
    }
}
echo thrown_by(fn() => new TagCache(['pool_size' => 0])), "\n";
?>
===DONE===
--EXPECT--
TagCacheUsageException: option pool_size: 0 is not allowed, it is from 1 to 1024
===DONE===
