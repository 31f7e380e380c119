--TEST--
A message names the operation as PHP calls it
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--max-tag=8', '--max-key=16');
$cache = $server->client();
$down = new TagCache('tcp://127.0.0.1:1?retries=0&backoff_ms=0');
$calls = ['get' => ['k'], 'set' => ['k', 1], 'add' => ['k', 1], 'replace' => ['k', 1], 'delete' => ['k'], 'has' => ['k'], 'touch' => ['k'], 'increment' => ['k'], 'decrement' => ['k'], 'meta' => ['k'], 'mGet' => [['k']], 'mSet' => [['k' => 1]], 'mDelete' => [['k']], 'invalidateTag' => ['t'], 'invalidateTags' => [['t']], 'keysByTag' => ['t'], 'searchAny' => [['t']], 'searchAll' => [['t']], 'stats' => [], 'flush' => [], 'ping' => []];
foreach ($calls as $method => $arguments) {
    $error = thrown_by(fn() => $down->$method(...$arguments));
    check(preg_match("/^TagCacheConnectionException: $method( '[kt]')?( on [^ ]*)?: /", $error) === 1, "$method: $error");
}
foreach (['tagcache_get' => ['k'], 'tagcache_put' => ['k', 1], 'tagcache_bulk_get' => [['k']], 'tagcache_mput' => [['k' => 1]], 'tagcache_search_any' => [['t']], 'tagcache_ping' => []] as $function => $arguments) {
    $error = thrown_by(fn() => $function($down, ...$arguments));
    check(str_starts_with($error, "TagCacheConnectionException: $function"), "$function: $error");
}
$long = str_repeat('x', 17);
foreach (['set' => [$long, 1], 'meta' => [$long], 'invalidateTag' => [$long], 'keysByTag' => [$long]] as $method => $arguments) {
    $error = thrown_by(fn() => $cache->$method(...$arguments));
    check(str_starts_with($error, "TagCacheServerException: $method '$long' on "), "$method: $error");
}
?>
===DONE===
--EXPECT--
===DONE===
