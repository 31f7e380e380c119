--TEST--
__unserialize that closes the client in the middle of a bulk read: right values or an error, no crash (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Closer
{
    public static TagCache $cache;

    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        self::$cache->close();
    }
}

foreach ([true, false] as $persistent) {
    foreach (['binary', 'text'] as $protocol) {
        $cache = Closer::$cache = $server->client(['protocol' => $protocol, 'persistent' => $persistent]);
        $items = [];
        for ($i = 0; $i < 3000; $i++) {
            $items["k$i"] = $i === 10 ? new Closer() : "value $i";
        }
        $cache->mSet($items);
        try {
            $back = $cache->mGet(array_keys($items));
            unset($back['k10'], $items['k10']);
            check($back === $items, "$protocol: right values");
        } catch (TagCacheConnectionException) {
            // Also an answer: the connection was closed under the read.
        }
        check($cache->get('k11') === 'value 11', "$protocol: the next call");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
