<?php

/**
 * @generate-class-entries
 */

class TagCacheException extends RuntimeException
{
    private array $refused = [];

    /** What a bulk call was refused: the keys of the items, each with its reason. Empty for other calls. */
    public function getRefused(): array {}
}

/** No connection could be had, or it broke before the answer was complete. */
class TagCacheConnectionException extends TagCacheException
{
}

/** The deadline passed; whether the server carried out a write is unknown. */
class TagCacheTimeoutException extends TagCacheException
{
}

/** Bytes that are not the protocol, or a value in a format this extension can not read. */
class TagCacheProtocolException extends TagCacheException
{
}

/** The server refused: a limit, credentials, overflow, not an integer. */
class TagCacheServerException extends TagCacheException
{
}

/** A call or an option that can not be as it is. */
class TagCacheUsageException extends TagCacheException
{
}

/**
 * A key or a tag is a string, an int, a Stringable or a BackedEnum, alone and in lists, also where
 * types are strict. The declared type is string, so that a subclass may override a method with it.
 *
 * @not-serializable
 * @strict-properties
 */
class TagCache
{
    public function __construct(#[\SensitiveParameter] array|string $options = []) {}

    /** @implementation-alias tagcache_create */
    public static function create(#[\SensitiveParameter] array|string|null $options = null): static {}

    /** @implementation-alias tagcache_get */
    public function get(string $key, mixed $default = null): mixed {}

    /** @implementation-alias tagcache_put */
    public function set(string $key, mixed $value, ?array $tags = null, ?int $ttl_ms = null): bool {}

    /** @implementation-alias tagcache_add */
    public function add(string $key, mixed $value, ?array $tags = null, ?int $ttl_ms = null): bool {}

    /** @implementation-alias tagcache_replace */
    public function replace(string $key, mixed $value, ?array $tags = null, ?int $ttl_ms = null): bool {}

    /** @implementation-alias tagcache_delete */
    public function delete(string $key): bool {}

    /** @implementation-alias tagcache_has */
    public function has(string $key): bool {}

    /** @implementation-alias tagcache_touch */
    public function touch(string $key, ?int $ttl_ms = null): bool {}

    /** @implementation-alias tagcache_increment */
    public function increment(string $key, int $by = 1, ?int $initial = null, ?array $tags = null, ?int $ttl_ms = null, bool $touch = false): int {}

    /** @implementation-alias tagcache_decrement */
    public function decrement(string $key, int $by = 1, ?int $initial = null, ?array $tags = null, ?int $ttl_ms = null, bool $touch = false): int {}

    /** @implementation-alias tagcache_meta */
    public function meta(string $key): ?array {}

    /** @implementation-alias tagcache_mget */
    public function mGet(array $keys): array {}

    /** @implementation-alias tagcache_mput */
    public function mSet(array $items, ?int $ttl_ms = null, ?array $tags = null): int {}

    /** @implementation-alias tagcache_mdelete */
    public function mDelete(array $keys): int {}

    /** @implementation-alias tagcache_invalidate_tag */
    public function invalidateTag(string $tag): int {}

    /** @implementation-alias tagcache_invalidate_tags */
    public function invalidateTags(array $tags, string $mode = 'any'): int {}

    /** @implementation-alias tagcache_keys_by_tag */
    public function keysByTag(string $tag, ?int $limit = null): array {}

    /** @implementation-alias tagcache_search_any */
    public function searchAny(array $tags, ?int $limit = null): array {}

    /** @implementation-alias tagcache_search_all */
    public function searchAll(array $tags, ?int $limit = null): array {}

    /** @implementation-alias tagcache_stats */
    public function stats(): array {}

    /** @implementation-alias tagcache_flush */
    public function flush(): int {}

    /** @implementation-alias tagcache_ping */
    public function ping(): float {}

    /** @implementation-alias tagcache_close */
    public function close(): void {}

    /**
     * What the last call failed with where errors are silent; null after a call that did not fail.
     * @implementation-alias tagcache_last_error
     */
    public function lastError(): ?TagCacheException {}
}

function tagcache_create(#[\SensitiveParameter] array|string|null $options = null): TagCache {}

function tagcache_get(TagCache $cache, string $key, mixed $default = null): mixed {}

function tagcache_put(TagCache $cache, string $key, mixed $value, ?array $tags = null, ?int $ttl_ms = null): bool {}

function tagcache_add(TagCache $cache, string $key, mixed $value, ?array $tags = null, ?int $ttl_ms = null): bool {}

function tagcache_replace(TagCache $cache, string $key, mixed $value, ?array $tags = null, ?int $ttl_ms = null): bool {}

function tagcache_delete(TagCache $cache, string $key): bool {}

function tagcache_has(TagCache $cache, string $key): bool {}

function tagcache_touch(TagCache $cache, string $key, ?int $ttl_ms = null): bool {}

function tagcache_increment(TagCache $cache, string $key, int $by = 1, ?int $initial = null, ?array $tags = null, ?int $ttl_ms = null, bool $touch = false): int {}

function tagcache_decrement(TagCache $cache, string $key, int $by = 1, ?int $initial = null, ?array $tags = null, ?int $ttl_ms = null, bool $touch = false): int {}

function tagcache_meta(TagCache $cache, string $key): ?array {}

function tagcache_mget(TagCache $cache, array $keys): array {}

/** @alias tagcache_mget */
function tagcache_bulk_get(TagCache $cache, array $keys): array {}

function tagcache_mput(TagCache $cache, array $items, ?int $ttl_ms = null, ?array $tags = null): int {}

/** @alias tagcache_mput */
function tagcache_bulk_put(TagCache $cache, array $items, ?int $ttl_ms = null, ?array $tags = null): int {}

function tagcache_mdelete(TagCache $cache, array $keys): int {}

function tagcache_invalidate_tag(TagCache $cache, string $tag): int {}

function tagcache_invalidate_tags(TagCache $cache, array $tags, string $mode = 'any'): int {}

function tagcache_keys_by_tag(TagCache $cache, string $tag, ?int $limit = null): array {}

function tagcache_search_any(TagCache $cache, array $tags, ?int $limit = null): array {}

function tagcache_search_all(TagCache $cache, array $tags, ?int $limit = null): array {}

function tagcache_stats(TagCache $cache): array {}

function tagcache_flush(TagCache $cache): int {}

function tagcache_ping(TagCache $cache): float {}

function tagcache_close(TagCache $cache): void {}

function tagcache_last_error(TagCache $cache): ?TagCacheException {}
