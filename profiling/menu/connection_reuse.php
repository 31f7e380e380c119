<?php

/* See profiling/connection_reuse. */

declare(strict_types=1);

require __DIR__ . '/measure.php';

$rows = [];
foreach (ADDRESSES as $transport => $address) {
    $cache = client($transport, [], ['key' => 'value']);
    $options = ['servers' => [$address]];
    $took = microseconds([
        'one object for all calls' => fn() => $cache->get('key'),
        'an object a call, persistent' => fn() => (new TagCache($options))->get('key'),
        'an object and a connection a call' => fn() => (new TagCache($options + ['persistent' => false]))->get('key'),
    ]);
    foreach ($took as $name => $us) {
        $rows[] = [$name, $transport, $us, $us / reset($took)];
    }
}
print_table(['get', 'transport', 'us a call', 'times'], $rows);
