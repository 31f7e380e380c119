--TEST--
__serialize that closes the client or changes the array that is written (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Meddler
{
    public function __construct(private string $deed)
    {
    }

    public function __serialize(): array
    {
        global $cache, $items;
        match ($this->deed) {
            'close' => $cache->close(),
            'change' => $items = ['gone' => 1],
            'flush' => $cache->flush(),
        };
        return [];
    }

    public function __unserialize(array $data): void
    {
    }
}

$cache = $server->client();
foreach (['close', 'change', 'flush'] as $deed) {
    $items = ['a' => str_repeat('A', 10), 'm' => new Meddler($deed), 'b' => str_repeat('B', 10)];
    var_dump($cache->mSet($items), $cache->mGet(['a', 'b', 'gone']) === ['a' => 'AAAAAAAAAA', 'b' => 'BBBBBBBBBB']);
}
?>
===DONE===
--EXPECT--
int(3)
bool(true)
int(3)
bool(true)
int(3)
bool(true)
===DONE===
