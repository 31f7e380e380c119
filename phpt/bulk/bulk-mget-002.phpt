--TEST--
Integer-like keys come back under PHP's integer keys and hold their values (lesson 5)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    check($cache->mSet(['123' => 'a', '0' => 'b', '-5' => 'c', '007' => 'd', '9223372036854775808' => 'e']) === 5, "$name: five");
    check($cache->get('123') === 'a', "$name: stored under the decimal string");
    $back = $cache->mGet(['123', '0', '-5', '007', '9223372036854775808']);
    check($back === [123 => 'a', 0 => 'b', -5 => 'c', '007' => 'd', '9223372036854775808' => 'e'], "$name: " . json_encode($back));
}
?>
===DONE===
--EXPECT--
===DONE===
