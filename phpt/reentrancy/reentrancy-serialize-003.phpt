--TEST--
__serialize that frees the strings the call was given through references (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Freer
{
    public function __serialize(): array
    {
        global $tag, $first;
        $tag = str_repeat('T', 33);
        $first = str_repeat('F', 33);
        for ($i = 0; $i < 100; $i++) {
            $GLOBALS['filler'][] = str_repeat('!', 32 + $i % 3);
        }
        return [];
    }

    public function __unserialize(array $data): void
    {
    }
}

$before = str_repeat('f', 33);
$after = str_repeat('F', 33);
foreach ($server->clients() as $name => $cache) {
    foreach (['single', 'bulk'] as $way) {
        $cache->flush();
        $tag = str_repeat('t', 33);
        $first = $before;
        $tags = [&$tag];
        $way === 'single' ? $cache->set('b', new Freer(), $tags) : $cache->mSet(['a' => &$first, 'b' => new Freer()], tags: $tags);
        $found = array_merge($cache->keysByTag(str_repeat('t', 33)), $cache->keysByTag(str_repeat('T', 33)));
        sort($found);
        check($found === ($way === 'single' ? ['b'] : ['a', 'b']), "$name $way: the tag is what it was or what it became");
        check($way === 'single' || in_array($cache->get('a'), [$before, $after], true), "$name: so is the value");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
