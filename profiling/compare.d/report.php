<?php

/* What the rounds came to: the figures of a row, the table, the line that counts the targets. */

declare(strict_types=1);

namespace Compare;

/** The figures of a row, as the JSON has them. */
function figures(Row $row, Result $result): array
{
    $figures = ['row' => $row->name, 'unit' => $row->unit, 'contenders' => [], 'skipped' => $result->skipped];
    foreach ($result->rates as $label => $rates) {
        $times = $result->times[$label] ?? [];
        $figures['contenders'][$label] = [
            'median' => median($rates),
            'p50_us' => $times === [] ? null : percentile($times, 0.5) / 1000,
            'p99_us' => $times === [] ? null : percentile($times, 0.99) / 1000,
            'ratio' => $label === $result->ours || !isset($result->rates[$result->ours]) ? null : paired_ratio($result->rates[$result->ours], $rates),
            'rounds' => $rates,
        ];
    }
    foreach ($row->targets() as $label => [$target, $stretch]) {
        $ratio = $figures['contenders'][$label]['ratio']['median'] ?? null;
        $figures['targets'][$label] = [
            'target' => $target,
            'stretch' => is_finite($stretch) ? $stretch : null,
            'measured' => $ratio !== null,
            'met' => $ratio !== null && reaches($row->name, $ratio, $target),
            'stretch_met' => $ratio !== null && reaches($row->name, $ratio, $stretch),
        ];
    }
    return $figures;
}

function number(?float $number): string
{
    return $number === null ? '' : number_format($number, $number < 100 ? 1 : 0);
}

function ratio(float $ratio): string
{
    return number_format($ratio, $ratio < 100 ? 2 : 0);
}

/** The lines of one row: a line a contender, and one for each that was left out. */
function table_lines(array $figures): string
{
    $name = $figures['row'];
    $lines = '';
    foreach ($figures['contenders'] as $label => $contender) {
        $ratio = $contender['ratio'];
        $spread = $ratio === null ? '' : sprintf('%s (%s-%s)', ratio($ratio['median']), ratio($ratio['low']), ratio($ratio['high']));
        $lines .= sprintf("%-38s %-17s %12s %-10s %9s %9s  %-22s %s\n", $name, $label, number($contender['median']),
            $figures['unit'], number($contender['p50_us']), number($contender['p99_us']), $spread, verdict($figures, $label));
        $name = '';
    }
    foreach ($figures['skipped'] as $label => $why) {
        $lines .= sprintf("%-38s %-17s skipped: %s %s\n", $name, $label, $why, verdict($figures, $label));
        $name = '';
    }
    return $lines;
}

function verdict(array $figures, string $label): string
{
    $target = $figures['targets'][$label] ?? null;
    if ($target === null) {
        return '';
    }
    $bound = (in_array($figures['row'], AT_MOST, true) ? 'at most ' : 'target ') . $target['target'];
    return $bound . match (true) {
        !$target['measured'] => ': not measured',
        $target['stretch_met'] => ': met, and the stretch',
        $target['met'] => ': met',
        default => ': MISSED',
    };
}

function table_head(Plan $plan): string
{
    return sprintf(
        "%d rounds of %g s, by turns; the ratio is the first line's figure over this one's, its median and quartiles\n\n" .
        "%-38s %-17s %12s %-10s %9s %9s  %s\n",
        $plan->rounds, $plan->seconds, 'row', 'contender', 'median', '', 'p50 us', 'p99 us', 'ratio',
    );
}

/** @return array{int, int} how many targets are met, and how many there are; a skipped one is not met */
function targets_met(array $all): array
{
    $targets = array_merge(...array_map(fn(array $figures): array => array_values($figures['targets'] ?? []), $all));
    return [count(array_filter($targets, fn(array $target): bool => $target['met'])), count($targets)];
}
