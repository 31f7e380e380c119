--TEST--
TagCache::searchAny() and searchAll() list the keys with any or all of the tags
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$cache->set('a', 1, ['x']);
$cache->set('b', 2, ['x', 'y']);
$cache->set('c', 3, ['y']);
$sorted = function (array $keys) {
    sort($keys);
    return implode($keys);
};
var_dump($sorted($cache->searchAny(['x', 'y'])), $sorted($cache->searchAll(['x', 'y'])), $sorted($cache->searchAny(['x'])));
var_dump(count($cache->searchAny(['x', 'y'], 2)), $cache->searchAll(['x', 'none']), $cache->searchAny(['none']));
?>
===DONE===
--EXPECT--
string(3) "abc"
string(1) "b"
string(2) "ab"
int(2)
array(0) {
}
array(0) {
}
===DONE===
