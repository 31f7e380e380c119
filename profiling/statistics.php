<?php

/* Medians, percentiles, and the ratios of rounds that alternated. */

declare(strict_types=1);

/** @param list<int|float> $values not empty; $part 0.99: what 99 % of them do not exceed */
function percentile(array $values, float $part): float
{
    sort($values);
    return (float) $values[max(0, (int) ceil(count($values) * $part) - 1)];
}

/** @param list<int|float> $values not empty */
function median(array $values): float
{
    sort($values);
    $half = intdiv(count($values), 2);
    return count($values) % 2 === 1 ? (float) $values[$half] : ($values[$half - 1] + $values[$half]) / 2;
}

/**
 * Compares round by round, because a disturbance of the machine meets both rounds of a pair.
 *
 * @param list<float> $ours
 * @param list<float> $theirs
 * @return array{median: float, low: float, high: float} low and high: the quartiles
 */
function paired_ratio(array $ours, array $theirs): array
{
    $ratios = array_map(fn(float $a, float $b): float => $a / $b, $ours, $theirs);
    return ['median' => median($ratios), 'low' => percentile($ratios, 0.25), 'high' => percentile($ratios, 0.75)];
}
