--TEST--
__unserialize that makes and drops other clients in the middle of a bulk read (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Maker
{
    public static array $options;

    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        foreach ([false, true] as $persistent) {
            $other = new TagCache(['persistent' => $persistent] + self::$options);
            $other->mGet(['k0', 'k1']);
            unset($other);
        }
    }
}

Maker::$options = ['servers' => [$server->tcp], 'timeout_ms' => 20000];
$cache = $server->client(['persistent' => false]);
$items = [];
for ($i = 0; $i < 3000; $i++) {
    $items["k$i"] = $i % 500 === 10 ? new Maker() : "value $i";
}
$cache->mSet($items);
$back = $cache->mGet(array_keys($items));
var_dump(array_keys($back) === array_keys($items), serialize($back) === serialize($items));
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
===DONE===
