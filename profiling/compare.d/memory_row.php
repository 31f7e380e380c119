<?php

/* Server memory an item: as profiling/memory measures it, with few items. */

declare(strict_types=1);

namespace Compare;

function memory_row(Servers $servers): Row
{
    return new Row('memory an item', function (Plan $plan) use ($servers): Result {
        $items = $plan->count(200000, 10000);
        exec("{$servers->build}/profiling/profiling_memory {$servers->build}/server/tagcached $items", $lines, $status);
        $status <= 1 or throw new \RuntimeException('profiling_memory failed');
        $result = new Result('tagcached');
        foreach (['tagcached' => 'tagcached', 'redis-server' => 'redis', 'memcached' => 'memcached'] as $name => $label) {
            $rows = preg_grep("/^ *$items +$name +[0-9.]+/", $lines);
            if ($rows === []) {
                $result->skipped[$label] = "$name is not installed";
            } else {
                $result->rates[$label] = [(float) preg_split('/ +/', trim(current($rows)))[2]];
            }
        }
        return $result;
    }, 'bytes');
}
