--TEST--
A step beyond 64 bits is refused as an overflow, and the value stays
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    foreach ([['increment', PHP_INT_MAX, 1], ['decrement', PHP_INT_MIN, 1], ['increment', -2, PHP_INT_MIN], ['decrement', 0, PHP_INT_MIN]] as [$method, $start, $by]) {
        $cache->set('n', $start);
        $error = thrown_by(fn() => $cache->$method('n', $by));
        check(str_starts_with($error, 'TagCacheServerException: ') && str_contains($error, 'overflow'), "$name $method $start by $by: $error");
        check($cache->get('n') === $start, "$name: $start stays");
    }
    $cache->set('n', PHP_INT_MAX - 1);
    check($cache->increment('n') === PHP_INT_MAX, "$name: up to the greatest");
}
?>
===DONE===
--EXPECT--
===DONE===
