--TEST--
A value that is no integer is refused with the key named, and stays as it was
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    foreach (['word' => 'abc', 'array' => [1], 'float' => 1.5, 'null' => null, 'true' => true] as $key => $value) {
        $cache->set($key, $value);
        $error = thrown_by(fn() => $cache->increment($key));
        check(str_starts_with($error, 'TagCacheServerException: ') && str_contains($error, "'$key'"), "$name $key: $error");
        check(preg_match('/not an integer|not_an_integer/i', $error) === 1, "$name $key: $error");
        check($cache->get($key) === $value, "$name $key stays");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
