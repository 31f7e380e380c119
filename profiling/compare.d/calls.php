<?php

/*
 * The calls of each client, as PHP source. loop.php compiles a loop around it. $c is the client, $k and $v are
 * the next key and value, $keys and $items the batch, $tags three tags, and $r in a check is the result of
 * the call.
 */

declare(strict_types=1);

namespace Compare;

final class Call
{
    /**
     * @param array<string, string> $by the call, by client
     * @param array<string, string> $prepare what is to be done before each call, not timed
     * @param string $check what holds after it
     */
    public function __construct(
        public readonly array $by,
        public readonly string $check,
        public readonly array $prepare = [],
    ) {}
}

/** @return array<string, Call> */
function calls(): array
{
    $set = ['tagcache' => '$c->set($k, $v)', 'phpredis' => '$c->set($k, $v)', 'memcached' => '$c->set($k, $v)',
        'apcu' => 'apcu_store($k, $v)'];
    $mset = ['tagcache' => '$c->mSet($items)', 'phpredis' => '$c->mSet($items)', 'memcached' => '$c->setMulti($items)',
        'apcu' => 'apcu_store($items) === []'];
    return [
        'get' => new Call(['tagcache' => '$c->get($k)', 'phpredis' => '$c->get($k)', 'memcached' => '$c->get($k)',
            'apcu' => 'apcu_fetch($k)'], '$r === $v'),
        'set' => new Call($set, '$r === true'),
        'delete' => new Call(['tagcache' => '$c->delete($k)', 'phpredis' => '$c->del($k)',
            'memcached' => '$c->delete($k)', 'apcu' => 'apcu_delete($k)'], '$r == 1', $set),
        // The check makes the counter. memcached's text protocol has no initial value.
        'increment' => new Call(['tagcache' => '$c->increment("counter")', 'phpredis' => '$c->incr("counter")',
            'memcached' => '$c->increment("counter") ?: $c->set("counter", 1)', 'apcu' => 'apcu_inc("counter")'], '$r == 1'),
        // The result is keyed by name; only phpredis needs extra code for that.
        'mget' => new Call(['tagcache' => '$c->mGet($keys)', 'phpredis' => 'array_combine($keys, $c->mGet($keys))',
            'memcached' => '$c->getMulti($keys)', 'apcu' => 'apcu_fetch($keys)'], '$r == $items'),
        'mset' => new Call($mset, '(bool) $r'),
        'mdelete' => new Call(['tagcache' => '$c->mDelete($keys)', 'phpredis' => '$c->del($keys)',
            'memcached' => 'count(array_filter($c->deleteMulti($keys), fn($done) => $done === true))',
            'apcu' => 'count($keys) - count(apcu_delete($keys))'], '$r === count($keys)', $mset),
        'set, 3 tags' => new Call([
            'tagcache' => '$c->set($k, $v, $tags)',
            'symfony' => '$c->save($c->getItem($k)->set($v)->tag($tags))',
            // This is what applications do by hand. An invalidation has to find and delete the keys.
            'phpredis' => '$c->pipeline()->set($k, $v)->sAdd($tags[0], $k)->sAdd($tags[1], $k)->sAdd($tags[2], $k)->exec()',
        ], '(bool) $r'),
        'invalidate' => new Call(['tagcache' => '$c->invalidateTag("all")', 'symfony' => '$c->invalidateTags(["all"])'],
            '(bool) $r', [
                'tagcache' => 'Compare\fill("tagcache", $c, $items, ["all"])',
                'symfony' => 'Compare\fill("symfony", $c, $items, ["all"])',
            ]),
        'session' => new Call([
            'tagcache' => '$s = $c->get($k); $s["seen"] = $i ?? 0; $c->set($k, $s, ttl_ms: 1440000)',
            'phpredis' => '$s = $c->get($k); $s["seen"] = $i ?? 0; $c->setEx($k, 1440, $s)',
            'memcached' => '$s = $c->get($k); $s["seen"] = $i ?? 0; $c->set($k, $s, 1440)',
        ], '$r === $v && isset($s["seen"])'),
    ];
}
