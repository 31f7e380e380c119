<?php

/*
 * The targets: row => contender => [target, stretch]. A ratio is how many times as fast the row's first contender
 * is as the named one; in the memory rows it is how many times as large.
 */

declare(strict_types=1);

namespace Compare;

const AT_MOST = ['memory an item'];

const TARGETS = [
    'get tcp' => ['phpredis' => [1.25, 1.35]],
    'set tcp' => ['phpredis' => [1.25, 1.35]],
    'get unix' => ['phpredis' => [1.25, 1.5]],
    'set unix' => ['phpredis' => [1.25, 1.5]],
    'get tcp, polling' => ['phpredis' => [2.3, 2.8]],
    'get unix, polling' => ['phpredis' => [2.8, 3.5]],
    'get shm' => ['phpredis on unix' => [25, 40]],
    'mget 100 tcp' => ['phpredis' => [2.2, 3]],
    'mget 1000 tcp' => ['phpredis' => [3.5, 5]],
    'mset 100 tcp' => ['phpredis' => [2.2, 3], 'memcached' => [50, 100]],
    'bulk of 1000 against single gets, a key' => ['single' => [60, 120]],
    'invalidate a tag of 100000 keys' => ['symfony' => [1000, INF]],
    'memory an item' => ['redis' => [0.7, 0.55]],
    'server, 50 connections' => ['redis' => [1.0, 1.3], 'memcached' => [1.0, 1.3]],
    'server, 50 connections, 100 at once' => ['redis' => [2, 4]],
];

/** Whether the row's ratio is on the right side of the bound. */
function reaches(string $row, float $ratio, float $bound): bool
{
    return in_array($row, AT_MOST, true) ? $ratio <= $bound : $ratio >= $bound;
}
