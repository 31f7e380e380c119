<?php

/* See profiling/socket_options. */

declare(strict_types=1);

require __DIR__ . '/measure.php';

$items = items(1000, 100);
$keys = array_keys($items);
$settings = [
    'as it comes' => [],
    'tcp_nodelay off' => ['tcp_nodelay' => false],
    'send_buffer 16 KiB' => ['send_buffer' => 16 << 10],
    'send_buffer 1 MiB' => ['send_buffer' => 1 << 20],
    'receive_buffer 16 KiB' => ['receive_buffer' => 16 << 10],
    'receive_buffer 1 MiB' => ['receive_buffer' => 1 << 20],
    'busy_poll_us 50' => ['busy_poll_us' => 50],
];
$rows = [];
foreach (array_keys(ADDRESSES) as $transport) {
    $clients = array_map(fn(array $options): TagCache => client($transport, $options, $items), $settings);
    $get = microseconds(array_map(fn(TagCache $cache): Closure => fn() => $cache->get('item:7'), $clients));
    $mget = microseconds(array_map(fn(TagCache $cache): Closure => fn() => $cache->mGet($keys), $clients));
    $mset = microseconds(array_map(fn(TagCache $cache): Closure => fn() => $cache->mSet($items), $clients));
    foreach (array_keys($settings) as $name) {
        $rows[] = ["$name, $transport", $get[$name], $mget[$name], $mset[$name]];
    }
}
print_table(['setting', 'us a get', 'us an mGet of 1000', 'us an mSet of 1000'], $rows);
