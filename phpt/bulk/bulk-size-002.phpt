--TEST--
Values of 1 MiB come back whole, singly and in bulk, strings and arrays
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=512M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $string = random_bytes(1 << 20);
    $array = array_fill(0, 30000, ['id' => 7, 'name' => 'x']);
    $cache->set('string', $string);
    $cache->set('array', $array);
    check($cache->get('string') === $string, "$name: string");
    check($cache->get('array') === $array, "$name: array");
    check($cache->mSet(['s' => $string, 'a' => $array, 'n' => 1]) === 3, "$name: bulk write");
    check($cache->mGet(['n', 'a', 's']) === ['n' => 1, 'a' => $array, 's' => $string], "$name: bulk read");
}
?>
===DONE===
--EXPECT--
===DONE===
