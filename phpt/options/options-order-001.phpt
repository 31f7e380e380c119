--TEST--
The order of an array's options does not matter: every permutation is accepted, or refused, alike
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
function permutations(array $items): array
{
    if (count($items) < 2) return [$items];
    $all = [];
    foreach (array_keys($items) as $first) {
        foreach (permutations(array_diff_key($items, [$first => 0])) as $rest) {
            $all[] = [$first => $items[$first]] + $rest;
        }
    }
    return $all;
}
$good = ['pool_min' => 8, 'servers' => ['tcp://h:1'], 'pool_size' => 10, 'backoff_ms' => 5000, 'backoff_max_ms' => 9000];
foreach (permutations($good) as $options) {
    $error = thrown_by(fn() => new TagCache($options));
    check(str_starts_with($error, 'nothing thrown'), json_encode($options) . ": $error");
}
foreach ([['pool_min' => 11] + $good, ['backoff_max_ms' => 4999] + $good] as $bad) {
    $errors = array_map(fn($options) => thrown_by(fn() => new TagCache($options)), permutations($bad));
    check(count(array_unique($errors)) === 1 && str_contains($errors[0], 'TagCacheUsageException'), json_encode(array_unique($errors)));
}
ini_set('tagcache.pool_min', '8');
ini_set('tagcache.pool_size', '10');
check(str_starts_with(thrown_by(fn() => new TagCache(['servers' => 'tcp://h:1'])), 'nothing thrown'), 'INI settings that only together are right');
?>
===DONE===
--EXPECT--
===DONE===
