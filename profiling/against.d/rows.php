<?php

/* The rows of profiling/against: what is called, over which transport, and for how many keys at once. */

declare(strict_types=1);

namespace Against;

final class Row
{
    /** @param \Closure(\TagCache, string, string, array<string, string>): mixed $call with a key, a value, and $keys items */
    public function __construct(
        public readonly string $transport,
        public readonly \Closure $call,
        public readonly int $keys = 1,
        public readonly array $options = [],
    ) {}
}

/** @return array<string, Row> */
function rows(): array
{
    $get = fn(\TagCache $c, string $k): mixed => $c->get($k);
    $set = fn(\TagCache $c, string $k, string $v): mixed => $c->set($k, $v);
    $get_all = fn(\TagCache $c, string $k, string $v, array $items): mixed => $c->mGet(array_keys($items));
    $set_all = fn(\TagCache $c, string $k, string $v, array $items): mixed => $c->mSet($items);
    $polling = ['busy_poll_us' => 50];
    return [
        'get tcp' => new Row('tcp', $get),
        'set tcp' => new Row('tcp', $set),
        'get unix' => new Row('unix', $get),
        'set unix' => new Row('unix', $set),
        'get tcp, polling' => new Row('tcp', $get, options: $polling),
        'get unix, polling' => new Row('unix', $get, options: $polling),
        'get shm' => new Row('shm', $get),
        'mget 100 tcp' => new Row('tcp', $get_all, 100),
        'mget 1000 tcp' => new Row('tcp', $get_all, 1000),
        'mget 1000 shm' => new Row('shm', $get_all, 1000),
        'mset 100 tcp' => new Row('tcp', $set_all, 100),
        'mset 1000 tcp' => new Row('tcp', $set_all, 1000),
        'set with 3 tags unix' => new Row('unix', fn($c, $k, $v): mixed => $c->set($k, $v, ['a', 'b', 'c'])),
        'delete and set unix' => new Row('unix', fn($c, $k, $v): mixed => [$c->delete($k), $c->set($k, $v)]),
        'increment unix' => new Row('unix', fn($c, $k): mixed => $c->increment("n.$k")),
        'set and invalidate unix' => new Row('unix', fn($c, $k, $v): mixed => [$c->set('t', $v, ['x']), $c->invalidateTag('x')]),
    ];
}
