--TEST--
Reads nested deeper than the pool is large are answered (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Nested
{
    public static TagCache $cache;
    public mixed $inner = null;

    public function __construct(public int $depth)
    {
    }

    public function __serialize(): array
    {
        return [$this->depth];
    }

    public function __unserialize(array $data): void
    {
        $this->depth = $data[0];
        $this->inner = self::$cache->get('n' . ($this->depth + 1));
    }
}

$cache = Nested::$cache = $server->client(['pool_size' => 2]);
for ($i = 0; $i < 20; $i++) {
    $cache->set("n$i", new Nested($i));
}
$value = $cache->get('n0');
for ($depth = 0; $value !== null; $depth++, $value = $value->inner) {
    check($value->depth === $depth, "depth $depth");
}
var_dump($depth);
?>
===DONE===
--EXPECT--
int(20)
===DONE===
