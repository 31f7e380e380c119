--TEST--
A client whose constructor did not run refuses every call, and does not crash (lesson 19)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
final class Forgetful extends TagCache
{
    public function __construct()
    {
    }
}

$makers = ['subclass' => fn() => new Forgetful(), 'reflection' => fn() => (new ReflectionClass('TagCache'))->newInstanceWithoutConstructor()];
$arguments = ['set' => ['k', 1], 'add' => ['k', 1], 'replace' => ['k', 1], 'mGet' => [['k']], 'mSet' => [['k' => 1]], 'mDelete' => [['k']], 'touch' => ['k', 1], 'invalidateTags' => [['t']], 'searchAny' => [['t']], 'searchAll' => [['t']], 'stats' => [], 'flush' => [], 'ping' => [], 'close' => [], 'lastError' => []];
foreach ($makers as $name => $make) {
    $cache = $make();
    foreach (get_class_methods('TagCache') as $method) {
        if (in_array($method, ['__construct', 'create', 'lastError'], true)) {
            continue;
        }
        $error = thrown_by(fn() => $cache->$method(...($arguments[$method] ?? ['k'])));
        check(str_starts_with($error, 'TagCacheUsageException: '), "$name $method: $error");
    }
    var_dump($cache instanceof TagCache);
}
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
===DONE===
