<?php

declare(strict_types=1);

/** A page that must render whether there is a cache or not. */
final class Page
{
    public function __construct(private TagCache $cache)
    {
    }

    public function render(): string
    {
        $menu = $this->cache->get('menu') ?? $this->build('menu', ['Home', 'Shop']);
        $boxes = $this->cache->mGet(['box:1', 'box:2']) + ['box:1' => 'plain box', 'box:2' => 'plain box'];
        ksort($boxes);
        $visits = $this->cache->increment('visits');
        return implode(' | ', $menu) . ' / ' . implode(' | ', $boxes) . ($visits > 0 ? " / visit $visits" : '');
    }

    private function build(string $key, array $value): array
    {
        $this->cache->set($key, $value, ['page'], 60_000);
        return $value;
    }
}

final class SilentPageTest extends CacheTestCase
{
    /** @dataProvider wires */
    public function testThePageRendersWithTheCacheWithoutItAndAfterItCameBack(string $transport, string $protocol): void
    {
        $server = new TagcachedServer();
        $cache = $server->client(['errors' => 'silent', 'protocol' => $protocol, 'backoff_ms' => 1, 'backoff_max_ms' => 5], $transport);
        $page = new Page($cache);
        $cache->mSet(['box:1' => 'fresh box']);
        self::assertSame('Home | Shop / fresh box | plain box / visit 1', $page->render());
        self::assertNull($cache->lastError());

        $server->kill();
        self::assertSame('Home | Shop / plain box | plain box', $page->render());
        self::assertInstanceOf(TagCacheConnectionException::class, $cache->lastError());
        self::assertStringContainsString($server->$transport, $cache->lastError()->getMessage());

        $server->start();
        $deadline = hrtime(true) + 20e9;
        while (!$cache->set('menu', ['Home', 'Shop']) && hrtime(true) < $deadline);
        self::assertSame('Home | Shop / plain box | plain box / visit 1', $page->render());
        self::assertSame('Home | Shop / plain box | plain box / visit 2', $page->render());
    }

    /** @dataProvider wires */
    public function testAStalledServerCostsThePageItsTimeOutsAndNoMore(string $transport, string $protocol): void
    {
        $server = new TagcachedServer();
        $options = ['errors' => 'silent', 'protocol' => $protocol, 'timeout_ms' => 100];
        $cache = $server->client($options, $transport);
        $page = new Page($cache);
        $page->render();
        $server->pause();
        $from = hrtime(true);
        self::assertStringStartsWith('Home | Shop / ', $page->render());
        self::assertLessThan(10.0, (hrtime(true) - $from) / 1e9);
        $server->resume();
        $server->client([], $transport)->ping();
    }
}
