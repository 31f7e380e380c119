--TEST--
exit inside __serialize: the shutdown function still gets right answers (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Leaver
{
    public function __serialize(): array
    {
        exit("left\n");
    }
}

$cache = $server->client(['pool_size' => 1]);
$cache->mSet(['a' => 'A', 'b' => 'B']);
register_shutdown_function(function () use ($cache) {
    var_dump($cache->mGet(['a', 'b', 'first', 'k']), $cache->get('b'), $cache->set('c', 'C'), $cache->get('c'));
    echo "===DONE===\n";
});
$cache->mSet(['first' => 1, 'k' => new Leaver(), 'last' => 2]);
?>
===DONE===
--EXPECT--
left
array(2) {
  ["a"]=>
  string(1) "A"
  ["b"]=>
  string(1) "B"
}
string(1) "B"
bool(true)
string(1) "C"
===DONE===
