--TEST--
A value in a format that this version can not read is an error that names the key, never a miss or raw bytes (lesson 6)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$put = function (string $key, int $flags, string $value) use ($server) {
    $body = "\0" . pack('v', strlen($key)) . $key . pack('V', $flags) . pack('V', strlen($value)) . $value;
    $socket = stream_socket_client($server->tcp);
    stream_set_timeout($socket, 30);
    fwrite($socket, pack('CCCCVP', 0xC7, 0x11, 0, 0, strlen($body), 1) . $body);
    check(substr(fread($socket, 16), 0, 4) === "\xC8\x11\0\0", "$key is stored");
};
$put('readable', 0x16, serialize([1]));
$put('igbinary', 0x26, "\0\0\0\2");
$put('msgpack', 0x36, "\x90");
$put('json', 0x46, '[]');
$put('lz4', 0x100, 'x');
$put('zstd', 0x216, 'x');
$put('type', 0x9, 'x');
$put('reserved', 1 << 20, 'x');
$put('broken', 0x16, 'a:1:{i:0;');
$put('trailing', 0x16, 'i:1;i:2;');
$put('int', 0x1, '12x');
$put('float', 0x2, 'short');
$cache = $server->client();
$silent = $server->client(['errors' => 'silent']);
var_dump($cache->get('readable'));
foreach (['igbinary', 'msgpack', 'json', 'lz4', 'zstd', 'type', 'reserved', 'broken', 'trailing', 'int', 'float'] as $key) {
    foreach (['get' => fn() => $cache->get($key, 'a miss'), 'mGet' => fn() => $cache->mGet(['readable', $key])] as $method => $call) {
        $error = thrown_by($call);
        check(preg_match("/^TagCacheProtocolException: $method '$key' on /", $error) === 1, "$method $key: $error");
    }
    check($silent->get($key, 'default') === 'default' && $silent->lastError() instanceof TagCacheProtocolException, "silent $key");
    check($cache->has($key), "$key is there");
}
?>
===DONE===
--EXPECT--
array(1) {
  [0]=>
  int(1)
}
===DONE===
