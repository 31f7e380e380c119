--TEST--
Damaged values of igbinary and msgpack are an error, never NULL or a part of them
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$igbinary = extension_loaded('igbinary');
$msgpack = extension_loaded('msgpack');
if (!$igbinary) {
    // What the extension does: null for what it can not read.
    function igbinary_unserialize(string $data): mixed
    {
        return $data === "\0\0\0\2\x06\x07" ? 7 : null;
    }
}
if (!$msgpack) {
    // What the extension does: the first value, whatever follows; false where the bytes end too early.
    function msgpack_unpack(string $data): mixed
    {
        return match (ord($data[0])) {
            0xc0 => null, 0xc2 => false, 0x92 => strlen($data) < 3 ? false : [1, 2], default => ord($data[0]),
        };
    }
}
$cache = $server->client(['protocol' => 'text']);
$put = fn(string $marker, string $bytes) => $server->text("PUT\tk\t-\t-\t__TC_{$marker}__" . base64_encode($bytes));
foreach (['IGBINARY' => ["\0\0\0\2\x06\x07" => 7, "\0\0\0\2\0" => null], 'MSGPACK' => ["\xc0" => null, "\xc2" => false, "\x92\1\2" => [1, 2], "\x67" => 103]] as $marker => $values) {
    foreach ($values as $bytes => $value) {
        $put($marker, $bytes);
        check($cache->get('k', 'a miss') === $value && $cache->mGet(['k']) === ['k' => $value], "$marker " . bin2hex($bytes));
    }
}
$damaged = [
    'IGBINARY' => ["garbage", "\0\0\0\2\x14\x05\x06", "\0\0\0\2", ''],
    'MSGPACK' => ["garbage", "\x92\1", "\xc2\0", "\xc1", "\xdd\xff\xff\xff\xff\1", "\xda\0", "\x81\1", ''],
];
foreach ($damaged as $marker => $values) {
    foreach ($values as $bytes) {
        $put($marker, $bytes);
        foreach (['get' => fn() => @$cache->get('k', 'a miss'), 'mGet' => fn() => @$cache->mGet(['k'])] as $method => $call) {
            $error = thrown_by($call);
            check(preg_match("/^TagCacheProtocolException: $method 'k' on .*can not be read/", $error) === 1, "$marker " . bin2hex($bytes) . ": $error");
        }
    }
}
?>
===DONE===
--EXPECT--
===DONE===
