--TEST--
An exception out of __serialize in a bulk write reaches the caller, and nothing is stored
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Thrower
{
    public function __serialize(): array
    {
        throw new DomainException('from __serialize');
    }
}

$cache = $server->client(['pool_size' => 1]);
$cache->set('k', 'old');
echo thrown_by(fn() => $cache->set('k', new Thrower())), "\n";
echo thrown_by(fn() => $cache->mSet(['a' => 1, 'k' => [1, new Thrower()], 'b' => 2])), "\n";
var_dump($cache->mGet(['a', 'b', 'k']));
?>
===DONE===
--EXPECT--
DomainException: from __serialize
DomainException: from __serialize
array(1) {
  ["k"]=>
  string(3) "old"
}
===DONE===
