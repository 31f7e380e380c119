<?php

/*
 * Code that the scripts of this folder share. Their arguments are [--smoke] and the server's addresses, TCP
 * first. Rounds alternate between all measured calls, so that a slow moment of the machine affects all of
 * them alike. The result is the median of the rounds.
 */

declare(strict_types=1);

require __DIR__ . '/../statistics.php';

$addresses = array_slice($argv, 1);
$smoke = ($addresses[0] ?? '') === '--smoke';
if ($smoke) {
    array_shift($addresses);
}
define('ADDRESSES', ['tcp' => $addresses[0], 'unix' => $addresses[1]]);
define('SMOKE', $smoke);

/** @return array<string, string> names and values of so many bytes */
function items(int $count, int $bytes): array
{
    $items = [];
    for ($i = 0; $i < $count; $i++) {
        $items["item:$i"] = str_pad((string) $i, $bytes, '.');
    }
    return $items;
}

/** A client of the server at that address, with these options, and some items in the server. */
function client(string $transport, array $options = [], array $items = []): TagCache
{
    $cache = new TagCache(['servers' => [ADDRESSES[$transport]]] + $options);
    foreach (array_chunk($items, 1000, true) as $part) {
        if ($cache->mSet($part) !== count($part)) {
            fwrite(STDERR, "the server did not store what it was given\n");
            exit(2);
        }
    }
    return $cache;
}

/**
 * @param array<string, Closure(): mixed> $calls by name
 * @return array<string, float> the median microseconds of a call
 */
function microseconds(array $calls): array
{
    [$rounds, $seconds] = SMOKE ? [1, 0.001] : [15, 0.03];
    $took = [];
    for ($round = -1; $round < $rounds; $round++) {  // the first one warms up
        foreach ($calls as $name => $call) {
            $done = 0;
            $start = hrtime(true);
            do {
                for ($i = 0; $i < 10; $i++) {
                    $call();
                }
                $done += 10;
                $time = (hrtime(true) - $start) / 1e9;
            } while ($time < $seconds);
            if ($round >= 0) {
                $took[$name][] = $time / $done * 1e6;
            }
        }
    }
    return array_map(median(...), $took);
}

/** @param list<string> $head @param list<list<string|int|float>> $rows */
function print_table(array $head, array $rows): void
{
    $cell = fn(string|int|float $value): string => is_string($value) ? $value : number_format($value, is_int($value) ? 0 : 2);
    $rows = array_map(fn(array $row): array => array_map($cell, $row), [$head, ...$rows]);
    $widths = array_map(fn(int $column): int => max(array_map(strlen(...), array_column($rows, $column))), array_keys($head));
    foreach ($rows as $row) {
        foreach ($row as $column => $text) {
            echo $column === 0 ? str_pad($text, $widths[0]) : '  ' . str_pad($text, $widths[$column], ' ', STR_PAD_LEFT);
        }
        echo "\n";
    }
}
