--TEST--
A key over the limit of 1024 bytes is refused by name, on every call that takes one
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$key = str_repeat('k', 1025);
$calls = [
    'set' => fn() => $cache->set($key, 1), 'add' => fn() => $cache->add($key, 1),
    'replace' => fn() => $cache->replace($key, 1), 'increment' => fn() => $cache->increment($key),
];
foreach ($calls as $name => $call) {
    $error = thrown_by($call);
    check(str_starts_with($error, 'TagCacheServerException: '), "$name: $error");
    check(str_contains($error, '1024'), "$name names the limit: $error");
    check(strlen($error) < 400, "$name shortens the key: $error");
}
?>
===DONE===
--EXPECT--
===DONE===
