--TEST--
mGet reads the values of any array: holes, string keys, references, copies
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->mSet(['a' => 1, 'b' => 2, 'c' => 3]);
$holes = ['a', 'b', 'c'];
unset($holes[1]);
$name = 'b';
var_dump($cache->mGet($holes) === ['a' => 1, 'c' => 3]);
var_dump($cache->mGet(['x' => 'c', 'y' => 'a']) === ['c' => 3, 'a' => 1]);
var_dump($cache->mGet([&$name]) === ['b' => 2]);
var_dump($cache->mGet(array_keys(['b' => 0, 'c' => 0])) === ['b' => 2, 'c' => 3]);

// Longer than what crosses at a time, with holes at both ends and in between, integers among them.
$cache->mSet(range(0, 999));
$packed = range(0, 999);
$hash = ['first' => 'a'] + array_combine(array_map(fn ($i) => "k$i", $packed), array_map('strval', $packed));
foreach ($packed as $i) {
    if ($i % 3 === 0 || $i > 990) {
        unset($packed[$i], $hash["k$i"]);
    }
}
unset($hash['first']);
$expected = array_combine($packed, $packed);
var_dump($cache->mGet($packed) === $expected);
var_dump($cache->mGet($hash) === $expected);
var_dump($cache->mDelete($hash) === count($expected));
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
===DONE===
