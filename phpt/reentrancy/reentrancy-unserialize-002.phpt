--TEST--
With a pool of one, a call inside a bulk read is answered or refused in time, never wrong (lesson 21)
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

    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        try {
            $this->seen = self::$cache->get('other');
        } catch (TagCacheException $e) {
            $this->seen = $e::class;
        }
    }
}

foreach (['binary', 'text'] as $protocol) {
    $cache = Caller::$cache = $server->client(['pool_size' => 1, 'timeout_ms' => 2000, 'protocol' => $protocol]);
    $cache->mSet(['a' => 'A', 'caller' => new Caller(), 'b' => 'B', 'other' => 'right']);
    $ms = milliseconds_of(function () use ($cache, &$back) {
        $back = $cache->mGet(['a', 'caller', 'b']);
    });
    check($ms < 30000, "$protocol: in time");
    check($back['a'] === 'A' && $back['b'] === 'B', "$protocol: the bulk read is right");
    check(in_array($back['caller']->seen, ['right', 'TagCacheTimeoutException'], true), "$protocol: " . json_encode($back['caller']->seen));
    check($cache->mGet(['other', 'a']) === ['other' => 'right', 'a' => 'A'], "$protocol: and the next");
}
?>
===DONE===
--EXPECT--
===DONE===
