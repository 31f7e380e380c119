<?php

/* What profiling/flame_graph samples. Arguments: --bulk or another word, address. Goes on until it is ended. */

declare(strict_types=1);

[, $mode, $address] = $argv;
$cache = new TagCache($address);
$items = array_fill_keys(array_map(fn(int $i): string => "item:$i", range(0, 99)), str_repeat('v', 100));
$cache->mSet($items);
$keys = array_keys($items);
for ($i = 0; true; $i++) {
    $mode === '--bulk' ? $cache->mGet($keys) : $cache->get($keys[$i % 100]);
}
