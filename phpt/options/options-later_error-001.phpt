--TEST--
What this version does not support is refused with a message of its own (lesson 23)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$later = [
    'serializer' => ['igbinary', 'msgpack', 'json'], 'compression' => ['lz4', 'zstd'], 'compression_threshold' => [1024],
    'compression_level' => [3], 'tls' => [true, ['cafile' => '/x']],
];
foreach ($later as $name => $values) {
    foreach ($values as $value) {
        $error = thrown_by(fn() => new TagCache([$name => $value]));
        check(preg_match("/^TagCacheUsageException: option $name.*support/", $error) === 1, "$name: $error");
    }
}
foreach (['tls://127.0.0.1:1984'] as $server) {
    foreach ([['servers' => [$server]], $server, "$server?timeout_ms=1"] as $options) {
        $error = thrown_by(fn() => new TagCache($options));
        check(preg_match('/^TagCacheUsageException: .*support/', $error) === 1 && str_contains($error, $server), $error);
    }
}
var_dump(new TagCache(['serializer' => 'php', 'compression' => 'none']) instanceof TagCache);
?>
===DONE===
--EXPECT--
bool(true)
===DONE===
