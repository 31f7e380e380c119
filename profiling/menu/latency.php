<?php

/* See profiling/latency. */

declare(strict_types=1);

require __DIR__ . '/measure.php';

$items = items(1000, 100);
$calls = SMOKE ? 50 : 20000;
$rows = [];
foreach (array_keys(ADDRESSES) as $transport) {
    $cache = client($transport, [], $items);
    foreach (['get' => fn($k) => $cache->get($k), 'set' => fn($k) => $cache->set($k, $items[$k])] as $name => $call) {
        $times = [];
        for ($i = 0; $i < $calls; $i++) {
            $key = 'item:' . $i % 1000;
            $start = hrtime(true);
            $call($key);
            $times[] = (hrtime(true) - $start) / 1000;
        }
        $rows[] = ["$name $transport", ...array_map(fn(float $p): float => percentile($times, $p), [0.5, 0.9, 0.99, 0.999, 1])];
    }
}
print_table(['microseconds', 'p50', 'p90', 'p99', 'p99.9', 'slowest'], $rows);
