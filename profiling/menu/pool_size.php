<?php

/* See profiling/pool_size. */

declare(strict_types=1);

require __DIR__ . '/measure.php';

// A process makes one call at a time, so it uses one connection whatever the pool's size. pool_min opens more.
$items = items(1000, 100);
$keys = array_keys($items);
$clients = [];
foreach ([1, 2, 4, 8, 16] as $size) {
    foreach ([true, false] as $keepalive) {
        $options = ['pool_size' => $size, 'pool_min' => $size, 'tcp_keepalive' => $keepalive];
        $clients["$size, keepalive " . ($keepalive ? 'on' : 'off')] = client('tcp', $options, $items);
    }
}
$get = microseconds(array_map(fn(TagCache $cache): Closure => fn() => $cache->get('item:7'), $clients));
$mget = microseconds(array_map(fn(TagCache $cache): Closure => fn() => $cache->mGet($keys), $clients));
$rows = [];
foreach ($clients as $name => $cache) {
    $rows[] = [$name, (int) $cache->stats()['client']['connections_open'], $get[$name], $mget[$name]];
}
print_table(['pool', 'open', 'us a get', 'us an mGet of 1000'], $rows);
