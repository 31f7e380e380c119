--TEST--
A value over 64 MiB is refused with the limit named, and the old value is gone (lesson 7)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=1G
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$value = str_repeat('0123456789abcde ', 1 << 22) . '!';
foreach (['tcp' => 'text', 'unix' => 'binary'] as $transport => $name) {
    $cache = $server->client(['protocol' => $name], $transport);
    $cache->set('k', 'old', ['t']);
    $error = thrown_by(fn() => $cache->set('k', $value));
    check(str_starts_with($error, 'TagCacheServerException: '), "$name: $error");
    check(str_contains($error, 'max_value'), "$name names the limit: $error");
    check(str_contains($error, (string) strlen($value)), "$name names the size: $error");
    check(strlen($error) < 500, "$name keeps the value out of it");
    check($cache->get('k') === null, "$name: the old value is gone");
    check($cache->keysByTag('t') === [], "$name: and its tags");
    $cache->set('k', 'new');
    check($cache->get('k') === 'new', "$name: the connection is in order");
}
?>
===DONE===
--EXPECT--
===DONE===
