<?php

declare(strict_types=1);

/** Sessions as PHP's own handler interface: read, modify, write, destroy; all of a user at once. */
final class TagCacheSessionHandler implements SessionHandlerInterface
{
    public function __construct(private TagCache $cache, private ?int $user = null)
    {
    }

    public function open(string $path, string $name): bool
    {
        return true;
    }

    public function close(): bool
    {
        return true;
    }

    public function read(string $id): string|false
    {
        return $this->cache->get("session:$id", '');
    }

    public function write(string $id, string $data): bool
    {
        return $this->cache->set("session:$id", $data, $this->user === null ? [] : ["user-{$this->user}"], 1_440_000);
    }

    public function destroy(string $id): bool
    {
        $this->cache->delete("session:$id");
        return true;
    }

    public function gc(int $max_lifetime): int|false
    {
        return 0;
    }

    public function logOutEverywhere(int $user): int
    {
        return $this->cache->invalidateTag("user-$user");
    }
}

final class SessionStoreTest extends CacheTestCase
{
    /** What PHP's session module writes: text with NUL bytes and whatever the user typed. */
    private static function data(int $n): string
    {
        return 'cart|' . serialize(['items' => range(1, $n), 'note' => "line 1\nline 2\0end"]) . "visits|i:$n;";
    }

    /** @dataProvider wires */
    public function testASessionComesBackByteByByte(string ...$wire): void
    {
        $handler = new TagCacheSessionHandler(self::cache(...$wire));
        self::assertSame('', $handler->read('new'));
        self::assertTrue($handler->write('id', self::data(3)));
        self::assertSame(self::data(3), $handler->read('id'));
        self::assertTrue($handler->destroy('id'));
        self::assertSame('', $handler->read('id'));
    }

    /** @dataProvider wires */
    public function testReadModifyWriteOfManySessionsNeverMixesThem(string ...$wire): void
    {
        $handler = new TagCacheSessionHandler(self::cache(...$wire));
        for ($round = 1; $round <= 5; $round++) {
            for ($session = 0; $session < 40; $session++) {
                $expected = $round === 1 ? '' : "owner $session, round " . ($round - 1);
                self::assertSame($expected, $handler->read("s$session"));
                $handler->write("s$session", "owner $session, round $round");
            }
        }
    }

    /** @dataProvider wires */
    public function testAUserIsLoggedOutOfAllHisSessionsAndNobodyElseIs(string ...$wire): void
    {
        $cache = self::cache(...$wire);
        $alice = new TagCacheSessionHandler($cache, 1);
        $bob = new TagCacheSessionHandler($cache, 2);
        $alice->write('a1', 'phone');
        $alice->write('a2', 'desk');
        $bob->write('b1', 'desk');
        self::assertSame(2, $alice->logOutEverywhere(1));
        self::assertSame(['', '', 'desk'], array_map($alice->read(...), ['a1', 'a2', 'b1']));
    }

    /** @dataProvider wires */
    public function testAFailedLoginIsCountedAndTheCountIsLocked(string ...$wire): void
    {
        $cache = self::cache(...$wire);
        $attempts = array_map(fn() => $cache->increment('attempts:alice', ttl_ms: 600_000, touch: true), range(1, 5));
        self::assertSame([1, 2, 3, 4, 5], $attempts);
        self::assertTrue($cache->add('lock:alice', true, ttl_ms: 600_000));
        self::assertFalse($cache->add('lock:alice', true, ttl_ms: 600_000));
        self::assertSame(5, $cache->get('attempts:alice'));
    }
}
