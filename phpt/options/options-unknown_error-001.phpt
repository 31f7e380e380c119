--TEST--
An unknown option is refused, and the message lists the known ones (lesson 23)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
foreach (['max_connections' => 1, 'Timeout_ms' => 250, 'timeout' => 1, '' => 1, "a\0b" => 1] as $name => $value) {
    $error = thrown_by(fn() => new TagCache([$name => $value]));
    check(str_starts_with($error, 'TagCacheUsageException: option ') && str_contains($error, 'not known'), $error);
    foreach (['servers', 'timeout_ms', 'pool_size', 'persistent', 'errors', 'prefix', 'default_ttl_ms'] as $known) {
        check(str_contains($error, $known), "$known is listed");
    }
}
echo thrown_by(fn() => new TagCache(['tcp://127.0.0.1:1984'])), "\n";
?>
===DONE===
--EXPECT--
TagCacheUsageException: option 0 has no name: options are name => value
===DONE===
