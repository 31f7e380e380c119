--TEST--
A DSN whose query is wrong is refused by name (lesson 23)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$wrong = ['unknown=1' => 'unknown', 'timeout_ms=abc' => 'timeout_ms', 'timeout_ms=' => 'timeout_ms', 'timeout_ms=1.5' => 'timeout_ms', 'pool_size=0' => 'pool_size', 'pool_size=-1' => 'pool_size', 'tcp_nodelay=2' => 'tcp_nodelay', 'persistent=perhaps' => 'persistent', 'errors=none' => 'errors', 'protocol=resp' => 'protocol', 'serializer=json' => 'serializer', 'compression=zstd' => 'compression', 'tls=1' => 'tls', 'prefix=%zz' => 'prefix', 'timeout_ms' => 'timeout_ms', 'retries=99999999999999999999' => 'retries'];
foreach ($wrong as $query => $name) {
    $error = thrown_by(fn() => new TagCache("tcp://127.0.0.1:1984?$query"));
    check(str_starts_with($error, 'TagCacheUsageException: ') && str_contains($error, $name), "$query: $error");
}
?>
===DONE===
--EXPECT--
===DONE===
