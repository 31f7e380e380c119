--TEST--
INI settings take effect: prefix, default time to live, time-out
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
tagcache.prefix=ini:
tagcache.default_ttl_ms=60000
tagcache.timeout_ms=120
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('k', 1);
$plain = $server->client(['prefix' => '']);
var_dump($plain->get('ini:k'), $plain->meta('ini:k')['ttl_ms'] <= 60000);
$silent = stream_socket_server('tcp://127.0.0.1:0');
$error = thrown_by(fn() => (new TagCache(['servers' => ['tcp://' . stream_socket_get_name($silent, false)], 'retries' => 0]))->get('k'));
var_dump(str_starts_with($error, 'TagCacheTimeoutException: ') && str_contains($error, '120 ms'));
?>
===DONE===
--EXPECT--
int(1)
bool(true)
bool(true)
===DONE===
