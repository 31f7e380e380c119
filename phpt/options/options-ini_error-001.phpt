--TEST--
An INI setting that can not be is refused by name when a client is made (lesson 23)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$wrong = ['servers' => 'nowhere', 'protocol' => 'resp', 'timeout_ms' => '0', 'connect_timeout_ms' => 'abc', 'pool_size' => '-1', 'pool_min' => '-1', 'idle_timeout_ms' => '-1', 'idle_check_ms' => 'x', 'health_check_ms' => 'x', 'persistent' => 'perhaps', 'retries' => '1.5', 'backoff_ms' => '-1', 'backoff_max_ms' => '1', 'tcp_nodelay' => '7', 'tcp_keepalive' => 'x', 'send_buffer' => '64k', 'receive_buffer' => '-1', 'busy_poll_us' => 'x', 'client_name' => str_repeat('x', 300), 'serializer' => 'igbinary', 'compression' => 'zstd', 'prefix' => str_repeat('p', 300), 'default_ttl_ms' => '-1', 'errors' => 'no', 'username' => str_repeat('u', 300), 'password' => str_repeat('p', 300)];
foreach ($wrong as $name => $value) {
    ini_set("tagcache.$name", $value);
    $error = thrown_by(fn() => new TagCache());
    check(str_starts_with($error, 'TagCacheUsageException: ') && str_contains($error, $name === 'servers' ? 'nowhere' : $name), "$name: $error");
    ini_restore("tagcache.$name");
}
var_dump(new TagCache() instanceof TagCache);
?>
===DONE===
--EXPECT--
bool(true)
===DONE===
