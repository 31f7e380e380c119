<?php

/*
 * Connects each PHP client as its users do, and all in the same way: persistent connections, no igbinary,
 * no compression, TCP_NODELAY. They use PHP's serializer where $php is set (values that are not strings),
 * and none otherwise. A client is named 'tagcache', 'tagcache polling', 'phpredis', 'memcached',
 * 'memcached binary', 'symfony' (its RedisTagAwareAdapter on phpredis) or 'apcu'.
 */

declare(strict_types=1);

namespace Compare;

const SYMFONY_CACHE = '/usr/share/php/Symfony/Component/Cache/autoload.php';

/** The server that a client talks to; null: none. */
function server_of(string $client): ?string
{
    return ['tagcache' => 'tagcached', 'phpredis' => 'redis', 'symfony' => 'redis', 'memcached' => 'memcached',
        'apcu' => null][strtok($client, ' ')];
}

/** @param array<string, mixed> $address host, port and socket of the server */
function connect(string $client, string $transport, array $address, bool $php = false, bool $persistent = true): ?object
{
    return match ($client) {
        'tagcache' => tagcache($transport, $address, ['persistent' => $persistent]),
        'tagcache polling' => tagcache($transport, $address, ['persistent' => $persistent, 'busy_poll_us' => 50]),
        'phpredis' => phpredis($transport, $address, $php, $persistent),
        'memcached' => memcached($transport, $address, $persistent, false),
        'memcached binary' => memcached($transport, $address, $persistent, true),
        'symfony' => symfony(phpredis($transport, $address, false, $persistent)),
        'apcu' => function_exists('apcu_fetch') ? null : throw new Skipped('php-apcu is not installed'),
    };
}

function tagcache(string $transport, array $address, array $options): \TagCache
{
    $dsn = $transport === 'tcp' ? "tcp://{$address['host']}:{$address['port']}" : "$transport://{$address['socket']}";
    try {
        return new \TagCache(['servers' => [$dsn]] + $options + ['timeout_ms' => 60000]);
    } catch (\TagCacheUsageException $refused) {
        throw $transport === 'shm' ? new Skipped($refused->getMessage()) : $refused;
    }
}

function phpredis(string $transport, array $address, bool $php, bool $persistent): \Redis
{
    class_exists(\Redis::class) or throw new Skipped('php-redis is not installed');
    $redis = new \Redis();
    $where = $transport === 'tcp' ? [$address['host'], $address['port']] : [$address['socket'], 0];
    $persistent ? $redis->pconnect(...[...$where, 0, $php ? 'php' : 'none']) : $redis->connect(...$where);
    $redis->setOption(\Redis::OPT_SERIALIZER, $php ? \Redis::SERIALIZER_PHP : \Redis::SERIALIZER_NONE);
    return $redis;
}

function memcached(string $transport, array $address, bool $persistent, bool $binary): \Memcached
{
    class_exists(\Memcached::class) or throw new Skipped('php-memcached is not installed');
    $memcached = $persistent ? new \Memcached("$transport $binary") : new \Memcached();
    if ($memcached->getServerList() === []) {
        $memcached->setOptions([
            \Memcached::OPT_BINARY_PROTOCOL => $binary,
            \Memcached::OPT_COMPRESSION => false,
            \Memcached::OPT_SERIALIZER => \Memcached::SERIALIZER_PHP,
            \Memcached::OPT_TCP_NODELAY => true,
        ]);
        $memcached->addServer(...($transport === 'tcp' ? [$address['host'], $address['port']] : [$address['socket'], 0]));
    }
    return $memcached;
}

function symfony(\Redis $redis): object
{
    is_file(SYMFONY_CACHE) or throw new Skipped('php-symfony-cache is not installed');
    require_once SYMFONY_CACHE;
    return new \Symfony\Component\Cache\Adapter\RedisTagAwareAdapter(
        $redis,
        'compare',
        0,
        new \Symfony\Component\Cache\Marshaller\DefaultMarshaller(false),
    );
}

/** Drops everything that the client's server holds. */
function flush_all(string $client, ?object $c): void
{
    match (strtok($client, ' ')) {
        'tagcache', 'memcached' => $c->flush(),
        'phpredis' => $c->flushAll(),
        'symfony' => $c->clear(),
        'apcu' => apcu_clear_cache(),
    };
}

/** @param array<string, mixed> $items written in bulk, with the tags where the client has tags */
function fill(string $client, ?object $c, array $items, array $tags = []): void
{
    foreach (array_chunk($items, 10000, true) as $part) {
        $done = match (strtok($client, ' ')) {
            'tagcache' => $c->mSet($part, tags: $tags) === count($part),
            'phpredis' => $c->mSet($part),
            'memcached' => $c->setMulti($part),
            'apcu' => apcu_store($part) === [],
            'symfony' => fill_symfony($c, $part, $tags),
        };
        $done or throw new \RuntimeException("$client did not store what it was given");
    }
}

function fill_symfony(object $pool, array $items, array $tags): bool
{
    foreach ($pool->getItems(array_keys($items)) as $name => $item) {  // one exchange, unlike getItem
        $pool->saveDeferred($item->set($items[$name])->tag($tags));
    }
    return $pool->commit();
}
