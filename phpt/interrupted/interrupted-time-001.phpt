--TEST--
max_execution_time in the middle of a call: a shutdown function gets right answers (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['pool_size' => 1]);
$items = [];
// What counts is PHP's own time: much of it in each call, however long the machine lets it wait.
for ($i = 0; $i < 20000; $i++) {
    $items["k$i"] = ['number' => $i, 'text' => "value $i"];
}
$cache->mSet($items);
register_shutdown_function(function () use ($cache, $items) {
    set_time_limit(0);
    foreach (array_slice($items, 0, 50) as $key => $value) {
        check($cache->get($key) === $value, $key);
    }
    check($cache->mGet(array_keys($items)) === $items, 'bulk');
    echo "===DONE===\n";
});
set_time_limit(1);
while (true) {
    $cache->mGet(array_keys($items));
}
?>
===DONE===
--EXPECTF--
%AFatal error: Maximum execution time of 1 second exceeded%A
===DONE===
