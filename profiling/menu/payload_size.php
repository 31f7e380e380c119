<?php

/* See profiling/payload_size. */

declare(strict_types=1);

require __DIR__ . '/measure.php';

$rows = [];
foreach (array_keys(ADDRESSES) as $transport) {
    $cache = client($transport, ['timeout_ms' => 10000]);
    foreach ([16, 100, 1000, 4000, 16000, 64000, 256000, 1000000] as $bytes) {
        $value = str_repeat('v', $bytes);
        $cache->set('key', $value);
        $took = microseconds(['get' => fn() => $cache->get('key'), 'set' => fn() => $cache->set('key', $value)]);
        $rows[] = [$transport, $bytes, $took['get'], $took['set'], $bytes / $took['get'], $bytes / $took['set']];
    }
}
print_table(['transport', 'bytes', 'us a get', 'us a set', 'get MB/s', 'set MB/s'], $rows);
