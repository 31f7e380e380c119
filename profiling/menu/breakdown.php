<?php

/* See profiling/breakdown. */

declare(strict_types=1);

require __DIR__ . '/measure.php';

/** Microseconds of one pass of the loop around nothing, a call that stays in the extension, and get. */
function in_php(TagCache $cache): array
{
    $passes = SMOKE ? 100 : 2000;
    $took = [];
    $start = hrtime(true);
    for ($i = 0; $i < $passes; $i++) {
    }
    $took['loop'] = hrtime(true) - $start;
    $start = hrtime(true);
    for ($i = 0; $i < $passes; $i++) {
        $cache->lastError();
    }
    $took['call'] = hrtime(true) - $start;
    $start = hrtime(true);
    for ($i = 0; $i < $passes; $i++) {
        $cache->get('item:7');
    }
    $took['get'] = hrtime(true) - $start;
    return array_map(fn(int $ns): float => $ns / 1000 / $passes, $took);
}

$rows = [];
foreach (ADDRESSES as $transport => $address) {
    $cache = client($transport, [], items(10, 100));
    $seen = [];
    for ($round = 0; $round < (SMOKE ? 1 : 15); $round++) {
        foreach (in_php($cache) as $what => $us) {
            $seen[$what][] = $us;
        }
        $line = (string) exec(escapeshellarg(getenv('BREAKDOWN_PROGRAM')) . ' ' . escapeshellarg($address), result_code: $status);
        if ($status !== 0) {
            exit(2);
        }
        foreach (array_combine(['bare', 'ready made', 'library'], explode(' ', $line)) as $what => $us) {
            $seen[$what][] = (float) $us;
        }
    }
    $us = array_map(median(...), $seen);
    $parts = [
        'the loop in PHP' => $us['loop'],
        'PHP calls a method' => $us['call'] - $us['loop'],
        'extension: argument, result, time-outs' => $us['get'] - $us['call'] - $us['library'],
        'client library: pool, encode, decode' => $us['library'] - $us['ready made'],
        'server: event loop, parse, find, encode' => $us['ready made'] - $us['bare'],
        'kernel: two writes, two reads, two wake-ups' => $us['bare'],
        'sum: a get' => $us['get'],
    ];
    foreach ($parts as $part => $took) {
        $rows[] = [$part, $transport, $took, sprintf('%.1f %%', 100 * $took / $us['get'])];
    }
}
print_table(['part', 'transport', 'us', 'share'], $rows);
