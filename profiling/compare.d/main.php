<?php

/* The menu, row after row: see profiling/compare, which starts this. */

declare(strict_types=1);

namespace Compare;

foreach (['../statistics', 'servers', 'clients', 'rounds', 'loop', 'calls', 'targets', 'menu', 'processes', 'page_rows',
    'memory_row', 'server_rows', 'report', 'plot'] as $file) {
    require __DIR__ . "/$file.php";
}

/** @return array{Plan, string, bool} the plan, what row names must contain, whether to print JSON */
function arguments(array $words): array
{
    $plan = new Plan(25, 0.06);
    $only = '';
    $json = false;
    while (($word = array_shift($words)) !== null) {
        match (true) {
            $word === '--quick' => $plan = $plan->smoke ? new Plan(2, 0.0005, true, true) : new Plan(25, 0.02, quick: true),
            $word === '--smoke' => $plan = new Plan(2, 0.0005, $plan->quick, smoke: true),
            $word === '--json' => $json = true,
            $word === '--only' && $words !== [] => $only = array_shift($words),
            str_starts_with($word, '--only=') => $only = substr($word, 7),
            default => exit_with("profiling/compare: '$word' is not --quick, --smoke, --only ROW or --json"),
        };
    }
    return [$plan, $only, $json];
}

function exit_with(string $why): never
{
    fwrite(STDERR, "$why\n");
    exit(2);
}

/** @return list<array> the figures of all rows; prints lines as they come where $table */
function run(array $rows, Plan $plan, bool $table): array
{
    $all = [];
    $terminal = stream_isatty(STDERR);
    foreach ($rows as $i => $row) {
        fprintf(STDERR, "[%d/%d] %s%s", $i + 1, count($rows), $row->name, $terminal ? '' : "\n");
        $start = microtime(true);
        try {
            $result = ($row->measure)($plan, $plan->quick ? array_keys($row->targets()) : null);
        } catch (Skipped $why) {
            $result = new Result('all');
            $result->skipped['all'] = $why->getMessage();
        }
        $all[] = $figures = figures($row, $result) + ['took_s' => microtime(true) - $start];
        fwrite(STDERR, $terminal ? "\r\033[K" : '');
        echo $table ? table_lines($figures) : '';
    }
    return $all;
}

function main(array $words): int
{
    [$plan, $only, $json] = arguments($words);
    $servers = new Servers(getenv('COMPARE_DIR'), getenv('COMPARE_BUILD'), getenv('COMPARE_SERVER_CPUS'));
    pcntl_async_signals(true);
    foreach ([SIGINT, SIGTERM] as $signal) {
        pcntl_signal($signal, fn() => throw new \RuntimeException('interrupted'));
    }
    $wanted = fn(Row $row): bool => ($only === '' || str_contains($row->name, $only)) && (!$plan->quick || $row->targets() !== []);
    $rows = array_values(array_filter((new Menu($servers, $plan))->rows(), $wanted));
    $rows !== [] or exit_with("profiling/compare: no row's name contains '$only'");
    echo $json ? '' : table_head($plan);
    try {
        $all = run($rows, $plan, !$json);
    } finally {
        $servers->stopAll();
    }
    [$met, $of] = targets_met($all);
    $text = json_encode(['php' => PHP_VERSION, 'rounds' => $plan->rounds, 'seconds' => $plan->seconds, 'targets_met' => $met,
        'targets' => $of, 'rows' => $all], JSON_PRETTY_PRINT | JSON_THROW_ON_ERROR) . "\n";
    $out = dirname(__DIR__) . '/out/' . ($plan->smoke ? 'smoke' : 'compare');
    file_put_contents("$out.json", $text);
    file_put_contents("$out.svg", plot($all));
    echo $json ? $text : "$met of $of targets met\n";
    return $met === $of ? 0 : 1;
}

try {
    exit(main(array_slice($argv, 1)));
} catch (\Throwable $failure) {
    exit_with("\nprofiling/compare: {$failure->getMessage()} ({$failure->getFile()}:{$failure->getLine()})");
}
