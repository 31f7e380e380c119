--TEST--
Addresses that can not be are refused by name
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$wrong = ['', 'localhost', '127.0.0.1:1984', 'http://x', 'tcp://', 'tcp://h:0', 'tcp://h:65536', 'tcp://h:x', 'tcp://::1:1984', 'tcp://[::1', 'tcp://user:pw@h:1', 'unix://', 'unix://relative', 'unix:///' . str_repeat('x', 200), 'tcp://h:1,', 'tcp://a b:1'];
foreach ($wrong as $server) {
    foreach ([['servers' => [$server]], ['servers' => $server], $server] as $options) {
        $error = thrown_by(fn() => new TagCache($options));
        check(str_starts_with($error, 'TagCacheUsageException: '), json_encode($options) . ": $error");
    }
}
check(str_starts_with(thrown_by(fn() => new TagCache(['servers' => []])), 'TagCacheUsageException: '), 'an empty list');
$error = thrown_by(fn() => new TagCache(['servers' => ['tcp://h:1?timeout_ms=5']]));
check(str_starts_with($error, 'TagCacheUsageException: option servers'), "a query in an array: $error");
?>
===DONE===
--EXPECT--
===DONE===
