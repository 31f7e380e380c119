<?php

/* The menu, row after row: see profiling/compare, which starts this. */

declare(strict_types=1);

namespace Compare;

foreach (['../statistics', 'program', 'servers', 'clients', 'rounds', 'loop', 'calls', 'targets', 'menu', 'processes',
    'page_rows', 'memory_row', 'server_rows', 'report', 'plot'] as $file) {
    require __DIR__ . "/$file.php";
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

function main(array $words, Servers $servers): int
{
    [$plan, $only, $json] = arguments($words, new Plan(25, 0.02, quick: true), new Plan(25, 0.06));
    $wanted = fn(Row $row): bool => ($only === '' || str_contains($row->name, $only)) && (!$plan->quick || $row->targets() !== []);
    $rows = array_values(array_filter((new Menu($servers, $plan))->rows(), $wanted));
    $rows !== [] or throw new UsageError("no row's name contains '$only'");
    echo $json ? '' : table_head($plan);
    $all = run($rows, $plan, !$json);
    [$met, $of] = targets_met($all);
    $text = json_encode(['php' => PHP_VERSION, 'rounds' => $plan->rounds, 'seconds' => $plan->seconds, 'targets_met' => $met,
        'targets' => $of, 'rows' => $all], JSON_PRETTY_PRINT | JSON_THROW_ON_ERROR) . "\n";
    $out = dirname(__DIR__) . '/out/' . ($plan->smoke ? 'smoke' : 'compare');
    file_put_contents("$out.json", $text);
    file_put_contents("$out.svg", plot($all));
    echo $json ? $text : "$met of $of targets met\n";
    return $met === $of ? 0 : 1;
}

run_program('profiling/compare', main(...));
