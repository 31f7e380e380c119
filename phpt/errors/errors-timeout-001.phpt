--TEST--
A server that does not answer: a TagCacheTimeoutException that names operation, key, server and time (lessons 12, 22)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$silent = stream_socket_server('tcp://127.0.0.1:0');
$address = 'tcp://' . stream_socket_get_name($silent, false);
$cache = new TagCache(['servers' => [$address], 'timeout_ms' => 80, 'backoff_ms' => 0]);
$ms = milliseconds_of(function () use ($cache) {
    echo thrown_by(fn() => $cache->get('user:1')), "\n";
});
var_dump($ms >= 79, $ms < 5000);
?>
===DONE===
--EXPECTF--
TagCacheTimeoutException: get 'user:1' %stcp://127.0.0.1:%d: %s80 ms%S
bool(true)
bool(true)
===DONE===
