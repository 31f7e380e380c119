--TEST--
Every option can stand in the query of a DSN
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$query = http_build_query([
    'protocol' => 'binary', 'timeout_ms' => 20000, 'connect_timeout_ms' => 5000, 'pool_size' => 2, 'pool_min' => 1, 'idle_timeout_ms' => 1000,
    'idle_check_ms' => 1, 'health_check_ms' => 5000, 'persistent' => 'false', 'retries' => 2, 'backoff_ms' => 10, 'backoff_max_ms' => 100,
    'tcp_nodelay' => 'on', 'tcp_keepalive' => '0', 'send_buffer' => 65536, 'receive_buffer' => 65536, 'busy_poll_us' => 0,
    'client_name' => 'phpt', 'serializer' => 'php', 'compression' => 'none', 'default_ttl_ms' => 60000, 'errors' => 'exception',
]);
foreach ([$server->tcp, $server->unix] as $address) {
    $cache = new TagCache("$address?$query&prefix=a%20b%3A");
    $cache->set('k', [1], ['t']);
    var_dump($cache->get('k'), $server->client()->keysByTag('a b:t'), $cache->meta('k')['ttl_ms'] !== null);
}
?>
===DONE===
--EXPECT--
array(1) {
  [0]=>
  int(1)
}
array(1) {
  [0]=>
  string(5) "a b:k"
}
bool(true)
array(1) {
  [0]=>
  int(1)
}
array(1) {
  [0]=>
  string(5) "a b:k"
}
bool(true)
===DONE===
