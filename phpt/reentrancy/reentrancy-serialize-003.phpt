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
        global $tag, $first, $tags, $items;
        $tag = $first = null;
        $tags = $items = [];
        for ($i = 0; $i < 100; $i++) {
            $GLOBALS['filler'][] = str_repeat('!', 32 + $i % 3);
        }
        return [];
    }

    public function __unserialize(array $data): void
    {
    }
}

$cache = $server->client();
foreach (['single', 'bulk'] as $way) {
    $tag = str_repeat('t', 33);
    $first = str_repeat('f', 33);
    $tags = [&$tag];
    $items = ['a' => &$first, 'b' => new Freer(), 'c' => 'last'];
    $way === 'single' ? $cache->set('b', new Freer(), $tags) : $cache->mSet($items, tags: $tags);
    var_dump($cache->keysByTag(str_repeat('t', 33)) !== [], $cache->keysByTag(str_repeat('!', 33)));
}
var_dump($cache->get('a') === str_repeat('f', 33), $cache->get('c'));
?>
===DONE===
--EXPECT--
bool(true)
array(0) {
}
bool(true)
array(0) {
}
bool(true)
string(4) "last"
===DONE===
