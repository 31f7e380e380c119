<?php

/* See profiling/limit, which starts this. */

declare(strict_types=1);

namespace Compare;

foreach (['statistics', 'wire_bytes', 'compare.d/program', 'compare.d/servers', 'compare.d/clients', 'compare.d/rounds',
    'compare.d/loop', 'compare.d/calls', 'compare.d/menu', 'compare.d/report'] as $file) {
    require __DIR__ . "/$file.php";
}

/** Row => call of calls.php, transport, keys. */
const ROWS = [
    'get tcp' => ['get', 'tcp', 1],
    'get unix' => ['get', 'unix', 1],
    'set tcp' => ['set', 'tcp', 1],
    'set unix' => ['set', 'unix', 1],
    'mget 100 tcp' => ['mget', 'tcp', 100],
    'mset 100 tcp' => ['mset', 'tcp', 100],
];

/** Ratios of times: the first contender's over the second's. */
const RATIOS = ['tagcache/bare' => ['tagcache', 'bare'], 'phpredis/tagcache' => ['phpredis', 'tagcache'],
    'phpredis/bare' => ['phpredis', 'bare']];

const KEY = 'item.%011d';  // every key has 16 bytes, so that all calls of a row have the same length
const VALUE_BYTES = 100;

/** The bare exchange; both of its sides are micro/bare_exchange.cc. */
final class BareExchange implements Contender
{
    /** @param list<string> $client its command without the seconds */
    public function __construct(private array $client) {}

    public function round(float $seconds): Round
    {
        $process = proc_open([...$this->client, (string) $seconds], [1 => ['pipe', 'w']], $pipes);
        $us = (float) stream_get_contents($pipes[1]);
        if (proc_close($process) !== 0 || $us <= 0) {
            throw new \RuntimeException('the bare exchange failed');
        }
        return new Round(1e6 / $us);
    }
}

/** @return list<int> bytes there and back of tagcache's call */
function bytes_of(string $call, Data $data, \TagCache $c): array
{
    [$k, $v, $keys, $items] = [$data->names[0], $data->values[0], $data->keys, $data->items];
    return wire_bytes($c, eval('return function () use ($c, $k, $v, $keys, $items): void { ' . calls()[$call]->by['tagcache'] . '; };'));
}

/** @param array<string, string> $bare where its server is, by transport */
function measure(string $row, Servers $servers, array $bare, Plan $plan): array
{
    [$call, $on, $keys] = ROWS[$row];
    $data = new Data($plan->count(1000, 20), Menu::filled(VALUE_BYTES), $plan->count($keys, 20), KEY);
    $menu = new Menu($servers, $plan);
    $tagcache = $menu->loop('tagcache', $call, $on, $data);
    $bytes = bytes_of($call, $data, connect('tagcache', $on, $servers->address('tagcache', $on)));
    $result = alternate([
        'bare' => fn(): BareExchange => new BareExchange([bare_program($servers), 'client', $bare[$on], ...array_map(strval(...), $bytes)]),
        'tagcache' => fn(): Loop => $tagcache,
        'phpredis' => fn(): Loop => $menu->loop('phpredis', $call, $on, $data),
    ], $plan);
    $figures = ['row' => $row, 'bytes_there' => $bytes[0], 'bytes_back' => $bytes[1], 'us' => [], 'ratios' => [],
        'skipped' => $result->skipped, 'rounds' => []];
    foreach ($result->rates as $label => $rates) {  // of calls
        $figures['rounds'][$label] = array_map(fn(float $rate): float => 1e6 / $rate, $rates);
        $figures['us'][$label] = median($figures['rounds'][$label]);
    }
    foreach (RATIOS as $label => [$over, $under]) {
        if (isset($figures['rounds'][$over])) {
            $figures['ratios'][$label] = paired_ratio($figures['rounds'][$over], $figures['rounds'][$under]);
        }
    }
    return $figures;
}

function bare_program(Servers $servers): string
{
    return "{$servers->build}/profiling/profiling_bare_exchange";
}

/** @return array<string, string> where it is, by transport */
function start_bare(Servers $servers): array
{
    $socket = "{$servers->directory}/bare.sock";
    $servers->launch('bare', [bare_program($servers), 'server', $socket], "unix://$socket", cpu: $servers->cpu);
    return ['unix' => $socket, 'tcp' => trim(file_get_contents("{$servers->directory}/bare.log"))];
}

function head(Plan $plan): string
{
    return sprintf("%d rounds of %g s, by turns; microseconds a call and ratios of them, medians (quartiles)\n\n", $plan->rounds, $plan->seconds)
        . line('', ['bytes', '', 'us', '', ''], [...array_keys(RATIOS), ': the highest ratio'])
        . line('row', ['there', 'back', 'bare', 'tagcache', 'phpredis'], ['', '', 'that any client could reach here']);
}

/** @param list<string> $numbers @param list<string> $ratios */
function line(string $row, array $numbers, array $ratios): string
{
    return rtrim(vsprintf("%-13s %7s %7s %8s %9s %9s", [$row, ...$numbers]) . vsprintf('  %-18s  %-18s  %s', [$ratios[0], $ratios[1],
        implode('', array_slice($ratios, 2))])) . "\n";
}

function figures_line(array $figures): string
{
    $us = fn(string $label): string => isset($figures['us'][$label]) ? number($figures['us'][$label]) : '-';
    $ratio = function (string $label) use ($figures): string {
        $ratio = $figures['ratios'][$label] ?? null;
        return $ratio === null ? '-' : sprintf('%s (%s-%s)', ratio($ratio['median']), ratio($ratio['low']), ratio($ratio['high']));
    };
    $lines = line($figures['row'], [(string) $figures['bytes_there'], (string) $figures['bytes_back'], ...array_map($us, ['bare', 'tagcache', 'phpredis'])],
        array_map($ratio, array_keys(RATIOS)));
    foreach ($figures['skipped'] as $label => $why) {
        $lines .= sprintf("%-13s %s skipped: %s\n", '', $label, $why);
    }
    return $lines;
}

run_program('profiling/limit', function (array $words, Servers $servers): int {
    [$plan, $only, $json] = arguments($words, new Plan(25, 0.04, quick: true), new Plan(50, 0.1));
    $rows = array_filter(array_keys(ROWS), fn(string $row): bool => str_contains($row, $only));
    $rows !== [] or throw new UsageError("no row's name contains '$only'");
    $bare = start_bare($servers);
    echo $json ? '' : head($plan);
    $all = [];
    foreach ($rows as $row) {
        $all[] = $figures = measure($row, $servers, $bare, $plan);
        echo $json ? '' : figures_line($figures);
    }
    echo $json ? json_encode(['php' => PHP_VERSION, 'rounds' => $plan->rounds, 'seconds' => $plan->seconds, 'rows' => $all],
        JSON_PRETTY_PRINT | JSON_THROW_ON_ERROR) . "\n" : '';
    return 0;
});
