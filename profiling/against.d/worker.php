<?php

/*
 * One contender of profiling/against: runs with its own checkout's extension. For each line "row seconds"
 * it makes the row's call for so long, and prints how many keys a second that were.
 */

declare(strict_types=1);

namespace Against;

require __DIR__ . '/rows.php';

[, $tcp, $socket] = $argv;
$names = array_map(fn(int $i): string => "item.$i", range(0, 999));
$values = array_map(fn(int $i): string => str_pad((string) $i, 100, '.'), range(0, 999));
$rows = rows();
$clients = [];
while (($line = fgets(STDIN)) !== false) {
    [$name, $seconds] = explode("\t", trim($line));
    $row = $rows[$name];
    $server = $row->transport === 'tcp' ? "tcp://$tcp" : "$row->transport://$socket";
    $client = $clients[$name] ??= new \TagCache(['servers' => [$server], 'timeout_ms' => 60000] + $row->options);
    $items = array_combine(array_slice($names, 0, $row->keys), array_slice($values, 0, $row->keys));
    $client->mSet(array_combine($names, $values));
    // The clock is read seldom.
    $chunk = max(1, intdiv(50, $row->keys));
    $calls = 0;
    $start = hrtime(true);
    do {
        for ($i = 0; $i < $chunk; $i++) {
            ($row->call)($client, $names[$calls % 1000], $values[$calls % 1000], $items);
            $calls++;
        }
    } while (hrtime(true) - $start < (float) $seconds * 1e9);
    echo $calls * $row->keys / ((hrtime(true) - $start) / 1e9), "\n";
}
