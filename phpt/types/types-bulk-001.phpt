--TEST--
Every PHP value comes back as it went from mSet and mGet, on every transport and protocol (lesson 4)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
require __DIR__ . '/../types.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $table = type_table();
    $keys = array_map(fn($i) => "k$i", range(1, count($table)));
    check($cache->mSet(array_combine($keys, $table)) === count($table), "$name: all are stored");
    $back = $cache->mGet($keys);
    check(array_keys($back) === $keys, "$name: all come back, in the order asked");
    foreach (array_combine($keys, array_keys($table)) as $key => $type) {
        check(fingerprint($back[$key]) === fingerprint($table[$type]), "$name $type: " . fingerprint($back[$key]));
    }
}
?>
===DONE===
--EXPECT--
===DONE===
