<?php

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

/**
 * All tests share one server. Each test starts with an empty cache.
 */
abstract class CacheTestCase extends TestCase
{
    private static ?TagcachedServer $shared = null;

    protected static function server(): TagcachedServer
    {
        return self::$shared ??= new TagcachedServer();
    }

    protected function setUp(): void
    {
        self::server()->client()->flush();
    }

    /** @return array<string, array{string, string}> */
    public static function wires(): array
    {
        $wires = [];
        foreach (['tcp', 'unix'] as $transport) {
            foreach (['binary', 'text'] as $protocol) {
                $wires["$transport, $protocol"] = [$transport, $protocol];
            }
        }
        return $wires;
    }

    protected static function cache(string $transport, string $protocol, array $options = []): TagCache
    {
        return self::server()->client($options + ['protocol' => $protocol], $transport);
    }
}
