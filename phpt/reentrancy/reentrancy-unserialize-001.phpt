--TEST--
__unserialize that calls the cache in the middle of a bulk read (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Caller
{
    public static TagCache $cache;
    public mixed $seen = null;

    public function __construct(public string $key)
    {
    }

    public function __serialize(): array
    {
        return [$this->key];
    }

    public function __unserialize(array $data): void
    {
        $this->key = $data[0];
        $this->seen = [self::$cache->get("other {$this->key}"), self::$cache->mGet(["other {$this->key}", 'absent']), self::$cache->increment('n')];
    }
}

foreach ($server->clients() as $name => $cache) {
    Caller::$cache = $cache;
    $items = [];
    for ($i = 0; $i < 300; $i++) {
        $items["k$i"] = $i % 3 ? "value $i" : new Caller("$i");
        $cache->set("other $i", "seen by $i");
    }
    $cache->mSet($items);
    $cache->delete('n');
    $back = $cache->mGet(array_keys($items));
    check(array_keys($back) === array_keys($items), "$name: all, in order");
    foreach ($back as $key => $value) {
        $i = substr($key, 1);
        $right = $i % 3 ? $value === "value $i" : $value->seen === ["seen by $i", ["other $i" => "seen by $i"], intdiv($i, 3) + 1];
        check($right, "$name: $key " . json_encode($value));
    }
}
?>
===DONE===
--EXPECT--
===DONE===
