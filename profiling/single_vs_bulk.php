<?php

/*
 * Rounds alternate between all rows of one transport, so that a slow moment of the machine affects all of
 * them alike. A row's figure is the median of its rounds, in keys a second.
 */

declare(strict_types=1);

const VALUE_BYTES = 100;
const KEYS = 10000;

$addresses = array_slice($argv, 1);
$smoke = ($addresses[0] ?? '') === '--smoke';
$quick = $smoke || ($addresses[0] ?? '') === '--quick';
if ($quick) {
    array_shift($addresses);
}
[$rounds, $seconds] = $smoke ? [1, 0.0] : ($quick ? [3, 0.01] : [9, 0.15]);

$items = [];
for ($i = 0; $i < KEYS; $i++) {
    $items["item:$i"] = str_pad((string) $i, VALUE_BYTES, '.');
}

/** @return array<string, Closure(): int> rows by name; each call returns how many keys it did */
function rows(TagCache $cache, array $items): array
{
    $names = array_keys($items);
    $rows = [
        'get' => function () use ($cache, $names): int {
            foreach (array_slice($names, 0, 500) as $name) {
                $cache->get($name);
            }
            return 500;
        },
        'set' => function () use ($cache, $items): int {
            foreach (array_slice($items, 0, 500) as $name => $value) {
                $cache->set($name, $value);
            }
            return 500;
        },
    ];
    foreach ([10, 100, 1000, 10000] as $size) {
        $keys = array_slice($names, 0, $size);
        $rows["mGet $size"] = fn(): int => count($cache->mGet($keys));
        $part = array_slice($items, 0, $size);
        $rows["mSet $size"] = fn(): int => $cache->mSet($part);
    }
    return $rows;
}

function median(array $values): float
{
    sort($values);
    return $values[intdiv(count($values), 2)];
}

$table = [];
foreach ($addresses as $address) {
    $cache = new TagCache($address);
    if ($cache->mSet($items) !== KEYS) {
        exit(1);
    }
    $rows = rows($cache, $items);
    $rates = [];
    for ($round = 0; $round < $rounds; $round++) {
        foreach ($rows as $name => $row) {
            $done = 0;
            $start = hrtime(true);
            do {
                $done += $row();
                $took = (hrtime(true) - $start) / 1e9;
            } while ($took < $seconds);
            $rates[$name][] = $done / $took;
        }
    }
    $table[explode(':', $address)[0]] = array_map(median(...), $rates);
}

printf("keys a second, %d-byte values, PHP %s, median of %d rounds\n\n", VALUE_BYTES, PHP_VERSION, $rounds);
printf("| call | %s |\n| --- |%s\n", implode(' | ', array_keys($table)), str_repeat(' ---: |', count($table)));
foreach (array_keys(reset($table)) as $name) {
    $cells = array_map(fn(array $rates): string => number_format($rates[$name]), $table);
    printf("| %s | %s |\n", $name, implode(' | ', $cells));
}
foreach (['get' => 'mGet 1000', 'set' => 'mSet 1000'] as $single => $bulk) {
    $cells = array_map(fn(array $rates): string => sprintf('%.1f x', $rates[$bulk] / $rates[$single]), $table);
    printf("| %s over %s, a key | %s |\n", $bulk, $single, implode(' | ', $cells));
}
