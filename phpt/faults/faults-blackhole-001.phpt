--TEST--
A server that can not be connected to costs the connect time-out once, not once for each call (lesson 12)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$listener = stream_socket_server('tcp://127.0.0.1:0', context: stream_context_create(['socket' => ['backlog' => 1]]));
$name = stream_socket_get_name($listener, false);
$plugs = [];
for ($i = 0; $i < 8; $i++) {  // fill the backlog: further connects get no answer
    $plugs[] = @stream_socket_client("tcp://$name", $code, $text, 0.05, STREAM_CLIENT_CONNECT | STREAM_CLIENT_ASYNC_CONNECT);
}
$cache = new TagCache(['servers' => ["tcp://$name"], 'connect_timeout_ms' => 200, 'timeout_ms' => 400, 'backoff_ms' => 20000, 'backoff_max_ms' => 60000, 'pool_size' => 4]);
$ms = milliseconds_of(function () use ($cache) {
    for ($i = 0; $i < 100; $i++) {
        $error = thrown_by(fn() => $cache->get('k'));
        check(preg_match('/^TagCache(Connection|Timeout)Exception: /', $error) === 1, $error);
    }
});
check($ms < 10000, "a hundred calls took $ms ms");
?>
===DONE===
--EXPECT--
===DONE===
