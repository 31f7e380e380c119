--TEST--
__serialize that calls the cache in the middle of a write (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Caller
{
    public static TagCache $cache;

    public function __construct(public int $n)
    {
    }

    public function __serialize(): array
    {
        self::$cache->set("inner {$this->n}", $this->n);
        return [self::$cache->get("inner {$this->n}"), self::$cache->mGet(["inner {$this->n}"])];
    }

    public function __unserialize(array $data): void
    {
        $this->n = $data[0];
    }
}

foreach ($server->clients() as $name => $cache) {
    Caller::$cache = $cache;
    $items = ['a' => 'A'];
    for ($i = 0; $i < 50; $i++) {
        $items["k$i"] = new Caller($i);
    }
    $items['z'] = 'Z';
    check($cache->mSet($items, tags: ['t']) === 52, "$name: all are stored");
    $cache->set('single', new Caller(99));
    $back = $cache->mGet([...array_keys($items), 'single', 'inner 7']);
    check($back['a'] === 'A' && $back['z'] === 'Z' && $back['k7']->n === 7 && $back['single']->n === 99 && $back['inner 7'] === 7, $name);
    check($cache->keysByTag('t') !== [] && $cache->invalidateTag('t') === 52, "$name: the tags are of the outer call");
}
?>
===DONE===
--EXPECT--
===DONE===
