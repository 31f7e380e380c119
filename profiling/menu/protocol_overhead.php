<?php

/* See profiling/protocol_overhead. */

declare(strict_types=1);

require __DIR__ . '/measure.php';
require __DIR__ . '/../wire_bytes.php';

$items = items(100, 100);
$keys = array_keys($items);
$rows = [];
foreach (array_keys(ADDRESSES) as $transport) {
    $observer = client($transport, ['client_name' => 'observer']);
    $calls = [];
    foreach (['binary', 'text'] as $protocol) {
        $cache = client($transport, ['protocol' => $protocol]);
        $cache->mSet($items);  // each protocol reads what it wrote: the other's types mean nothing to it
        $calls["get, $protocol"] = fn() => $cache->get("item:7");
        $calls["set, $protocol"] = fn() => $cache->set('item:7', $items['item:7']);
        $calls["mGet 100, $protocol"] = fn() => $cache->mGet($keys);
        $calls["mSet 100, $protocol"] = fn() => $cache->mSet($items);
    }
    foreach (microseconds($calls) as $name => $us) {
        $rows[] = ["$name, $transport", $us, ...wire_bytes($observer, $calls[$name])];
    }
}
print_table(['call', 'us', 'bytes sent', 'bytes received'], $rows);
