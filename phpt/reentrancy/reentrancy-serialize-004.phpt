--TEST--
__serialize that assigns the array that is being stored, given through a reference (lesson 42)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--ENV--
USE_ZEND_ALLOC=0
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Replacer
{
    public function __serialize(): array
    {
        global $array;
        $array = null;
        for ($i = 0; $i < 100; $i++) {
            $GLOBALS['filler'][] = [str_repeat('!', 20), $i, $i];
        }
        return [];
    }

    public function __unserialize(array $data): void
    {
    }
}

foreach ($server->clients() as $name => $cache) {
    foreach (['bulk', 'single', 'nested'] as $way) {
        $array = [new Replacer(), str_repeat('a', 40) . mt_rand(1, 9), str_repeat('b', 40), [1, 2, 3]];
        $want = array_slice($array, 1);
        match ($way) {
            'bulk' => $cache->mSet(['k' => &$array]),
            'single' => $cache->set('k', $array),
            'nested' => $cache->set('k', [&$array]),
        };
        $stored = $cache->get('k');
        $stored = $way === 'nested' ? $stored[0] : $stored;
        check($array === null && array_slice($stored, 1) === $want, "$name $way: what the array was is stored whole");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
