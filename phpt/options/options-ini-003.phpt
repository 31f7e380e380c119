--TEST--
Every option has its INI setting, named tagcache.<option>, except where an address is in pieces
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$names = ['servers', 'protocol', 'timeout_ms', 'connect_timeout_ms', 'pool_size', 'pool_min', 'idle_timeout_ms', 'idle_check_ms', 'health_check_ms', 'persistent', 'retries', 'backoff_ms', 'backoff_max_ms', 'tcp_nodelay', 'tcp_keepalive', 'send_buffer', 'receive_buffer', 'busy_poll_us', 'username', 'password', 'client_name', 'serializer', 'compression', 'prefix', 'default_ttl_ms', 'errors'];
$settings = array_keys(ini_get_all('tagcache'));
var_dump(array_diff(array_map(fn($name) => "tagcache.$name", $names), $settings), array_diff($settings, array_map(fn($name) => "tagcache.$name", $names)));
?>
===DONE===
--EXPECT--
array(0) {
}
array(0) {
}
===DONE===
