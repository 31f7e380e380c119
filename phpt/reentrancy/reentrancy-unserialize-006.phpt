--TEST--
__unserialize that drops the last reference to the client it is read from (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Dropper
{
    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        $GLOBALS['cache'] = null;
        gc_collect_cycles();
    }
}

foreach ([true, false] as $persistent) {
    $cache = $server->client(['persistent' => $persistent]);
    $cache->mSet(['a' => 'A', 'd' => new Dropper(), 'b' => 'B']);
    $back = $GLOBALS['cache']->mGet(['a', 'd', 'b']);
    var_dump($back['a'], $back['b'], $cache);
    $cache = $server->client(['persistent' => $persistent]);
    var_dump($GLOBALS['cache']->get('d') instanceof Dropper, $cache);
}
?>
===DONE===
--EXPECT--
string(1) "A"
string(1) "B"
NULL
bool(true)
NULL
string(1) "A"
string(1) "B"
NULL
bool(true)
NULL
===DONE===
