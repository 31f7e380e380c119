--TEST--
__toString of a key or a tag that changes what the call was given, or calls the cache
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Meddler
{
    public static ?TagCache $cache = null;

    public function __toString(): string
    {
        global $first, $self;
        $first = str_repeat('F', 33);
        $self = null;
        self::$cache->get('nested');
        for ($i = 0; $i < 100; $i++) {
            $GLOBALS['filler'][] = str_repeat('!', 32 + $i % 3);
        }
        return str_repeat('m', 33);
    }
}
final class Thrower
{
    public function __toString(): string
    {
        throw new LogicException('from __toString');
    }
}

foreach ($server->clients() as $name => $cache) {
    Meddler::$cache = $cache;
    $want = [str_repeat('f', 33) => 1, str_repeat('m', 33) => 2];
    $cache->mSet($want);
    $first = str_repeat('f', 33);
    $self = new Meddler();
    check($cache->mGet([&$first, &$self]) === $want, "$name: mGet");
    $first = str_repeat('f', 33);
    $self = new Meddler();
    check($cache->mDelete([&$first, &$self]) === 2, "$name: mDelete");
    $first = str_repeat('f', 33);
    $self = new Meddler();
    check($cache->set('k', 1, [&$first, &$self]) && $cache->keysByTag(str_repeat('f', 33)) === ['k'], "$name: tags");
    foreach ([fn() => $cache->get(new Thrower()), fn() => $cache->set('k', [1], ['t', new Thrower()]), fn() => $cache->mGet(['k', new Thrower()]), fn() => $cache->invalidateTag(new Thrower())] as $call) {
        check(thrown_by($call) === 'LogicException: from __toString', "$name: throws");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
