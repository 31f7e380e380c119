--TEST--
exit inside __unserialize in the middle of a bulk read: every later answer is right (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Leaver
{
    public static bool $leave = false;

    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        self::$leave && exit("left\n");
    }
}

$cache = $server->client(['pool_size' => 1]);
$items = [];
for ($i = 0; $i < 5000; $i++) {
    $items["k$i"] = $i === 100 ? new Leaver() : "value $i";
}
$cache->mSet($items);
register_shutdown_function(function () use ($cache) {
    var_dump($cache->increment('n'));
    for ($i = 200; $i < 1200; $i++) {
        check($cache->get("k$i") === "value $i", "k$i");
    }
    check($cache->mGet(['k1', 'k7', 'k4999']) === ['k1' => 'value 1', 'k7' => 'value 7', 'k4999' => 'value 4999'], 'bulk');
    echo "===DONE===\n";
});
Leaver::$leave = true;
$cache->mGet(array_keys($items));
?>
===DONE===
--EXPECT--
left
int(1)
===DONE===
