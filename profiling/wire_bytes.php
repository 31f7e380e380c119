<?php

/* How many bytes a call of tagcache's puts on the wire. */

declare(strict_types=1);

/**
 * The server may get no other request meanwhile.
 *
 * @return array{int, int} bytes that a call sends and receives, as the server counts them
 */
function wire_bytes(TagCache $observer, Closure $call): array
{
    $count = function () use ($observer): array {
        $stats = $observer->stats();
        return [$stats['bytes_in'], $stats['bytes_out']];
    };
    // Two requests for the statistics with nothing between them show what such a request itself adds.
    [$a, $b] = [$count(), $count()];
    for ($i = 0; $i < 100; $i++) {
        $call();
    }
    $c = $count();
    return array_map(fn(int $i): int => (int) round(($c[$i] - 2 * $b[$i] + $a[$i]) / 100), [0, 1]);
}
