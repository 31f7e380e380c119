--TEST--
Out of memory in user code during a bulk read: a shutdown function gets right answers (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=64M
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Glutton
{
    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        $GLOBALS['fat'][] = str_repeat('x', 48 << 20);
        $GLOBALS['fat'][] = str_repeat('y', 48 << 20);
    }
}

$cache = $server->client(['pool_size' => 1]);
$items = [];
for ($i = 0; $i < 2000; $i++) {
    $items["k$i"] = $i === 1000 ? new Glutton() : "value $i";
}
$cache->mSet($items);
register_shutdown_function(function () use ($cache) {
    unset($GLOBALS['fat']);
    ini_set('memory_limit', '256M');
    var_dump($cache->set('k', 1), $cache->increment('k'));
    for ($i = 0; $i < 999; $i++) {
        check($cache->get("k$i") === "value $i", "k$i: another's value");
    }
    echo "===DONE===\n";
});
$cache->mGet(array_keys($items));
?>
===DONE===
--EXPECTF--
%AFatal error: Allowed memory size of %d bytes exhausted%A
bool(true)
int(2)
===DONE===
