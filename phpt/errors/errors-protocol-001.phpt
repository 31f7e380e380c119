--TEST--
A peer that does not speak the protocol: a TagCacheProtocolException that names the server
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$peer = stream_socket_server('tcp://127.0.0.1:0');
$address = 'tcp://' . stream_socket_get_name($peer, false);
$child = pcntl_fork();
if ($child === 0) {
    while ($connection = @stream_socket_accept($peer, 30)) {
        fread($connection, 1024);
        fwrite($connection, str_repeat("HTTP/1.1 400 Bad Request\r\n\r\n", 4));
        fclose($connection);
    }
    exit;
}
foreach (['binary', 'text'] as $protocol) {
    $cache = new TagCache(['servers' => [$address], 'timeout_ms' => 20000, 'protocol' => $protocol]);
    $error = thrown_by(fn() => $cache->get('k'));
    check(str_starts_with($error, 'TagCacheProtocolException: ') && str_contains($error, $address), "$protocol: $error");
}
proc_close(proc_open(['kill', '-9', (string) $child], [], $pipes));
pcntl_waitpid($child, $status);
?>
===DONE===
--EXPECT--
===DONE===
