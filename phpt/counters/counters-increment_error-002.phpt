--TEST--
A step beyond 64 bits is refused as an overflow, and the value stays
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    foreach ([['increment', PHP_INT_MAX, 1], ['decrement', PHP_INT_MIN, 1], ['increment', -2, PHP_INT_MIN], ['decrement', -2, PHP_INT_MAX]] as [$method, $start, $by]) {
        $cache->set('n', $start);
        $error = thrown_by(fn() => $cache->$method('n', $by));
        check(str_starts_with($error, 'TagCacheServerException: ') && preg_match('/overflow|does not fit/', $error) === 1, "$name $method $start by $by: $error");
        check($cache->get('n') === $start, "$name: $start stays");
    }
    $cache->set('n', PHP_INT_MAX - 1);
    check($cache->increment('n') === PHP_INT_MAX, "$name: up to the greatest");
    $error = thrown_by(fn() => $cache->decrement('n', PHP_INT_MIN));
    check(str_starts_with($error, 'TagCache') && str_contains($error, "'n'"), "$name: a step that has no opposite: $error");
    check($cache->get('n') === PHP_INT_MAX, "$name: the greatest stays");
}
?>
===DONE===
--EXPECT--
===DONE===
