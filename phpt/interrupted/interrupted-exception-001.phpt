--TEST--
An exception out of __unserialize in a bulk read reaches the caller, and every later answer is right (lesson 1)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Thrower
{
    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        throw new DomainException('from __unserialize');
    }
}

foreach (['binary', 'text'] as $protocol) {
    $cache = $server->client(['pool_size' => 1, 'protocol' => $protocol]);
    $items = [];
    for ($i = 0; $i < 3000; $i++) {
        $items["k$i"] = $i === 50 ? new Thrower() : "value $i";
    }
    $cache->mSet($items);
    echo thrown_by(fn() => $cache->mGet(array_keys($items))), "\n";
    echo thrown_by(fn() => $cache->get('k50')), "\n";
    for ($i = 60; $i < 1060; $i++) {
        check($cache->get("k$i") === "value $i", "$protocol k$i");
    }
    unset($items['k50']);
    check($cache->mGet(array_keys($items)) === $items, "$protocol bulk");
}
?>
===DONE===
--EXPECT--
DomainException: from __unserialize
DomainException: from __unserialize
DomainException: from __unserialize
DomainException: from __unserialize
===DONE===
