--TEST--
After a restart every pooled connection is replaced without a failure, not one call in pool-size of them (lesson 12)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Opener
{
    public static TagCache $cache;

    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        self::$cache->mGet(['inner', 'inner 2']);
    }
}

$cache = Opener::$cache = $server->client(['pool_size' => 4]);
$fill = fn() => $cache->mSet(['o' => new Opener(), 'inner' => new ArrayObject([1]), 'k' => 'v']);
$fill();
$cache->mGet(['o', 'k', 'inner']);
$server->kill();
$server->start();
$failures = 0;
for ($i = 0; $i < 50; $i++) {
    try {
        $cache->get('k');
        $cache->mGet(['o', 'k']);
    } catch (TagCacheException $e) {
        $failures++;
    }
}
$fill();
var_dump($failures, $cache->get('k'), count($cache->mGet(['o', 'k', 'inner'])));
?>
===DONE===
--EXPECT--
int(0)
string(1) "v"
int(3)
===DONE===
