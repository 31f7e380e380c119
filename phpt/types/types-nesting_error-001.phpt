--TEST--
A value with more levels than can be read back is refused at the write (lesson 43)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Onion
{
    public function __construct(public int $levels)
    {
    }

    public function __serialize(): array
    {
        return nested($this->levels, 'a}{b"; a:1:{');
    }

    public function __unserialize(array $data): void
    {
        $this->levels = 0;
    }
}

function nested(int $levels, mixed $value): array
{
    for ($i = 0; $i < $levels; $i++) {
        $value = [$value];
    }
    return $value;
}

ini_set('unserialize_max_depth', 10);
foreach ($server->clients() as $name => $cache) {
    foreach (['array' => fn($n) => nested($n, 'x'), 'object' => fn($n) => nested($n - 1, (object) []), 'own form' => fn($n) => new Onion($n)] as $what => $make) {
        check($cache->set('k', $make(4096)) && is_int($cache->mSet(['b' => $make(4096)])), "$name $what: 4096 levels");
        check($cache->get('k') !== null && count($cache->mGet(['k', 'b'])) === 2, "$name $what: and back");
        $error = thrown_by(fn() => $cache->set('k', $make(4097)));
        check(preg_match("/^TagCacheUsageException: set 'k': .*4096 levels/", $error) === 1, "$name $what: $error");
        $error = thrown_by(fn() => $cache->mSet(['k' => $make(4097)]));
        check(preg_match("/^TagCacheUsageException: mSet 'k': .*4096 levels/", $error) === 1, "$name $what: $error");
    }
}
check(str_contains(thrown_by(fn() => $cache->set('k', nested(20000, 1))), '4096 levels'), '20,000 levels');
?>
===DONE===
--EXPECT--
===DONE===
