--TEST--
Keys and tags are strings, integers, Stringables and backed enums wherever they are taken (lesson 46)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
declare(strict_types=1);
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
enum Shelf: string
{
    case Left = 'left';
    case Right = '7';
}
enum Level: int
{
    case One = 1;
}
enum Pure
{
    case Only;
}
final class Sku implements Stringable
{
    public function __construct(private string $text)
    {
    }

    public function __toString(): string
    {
        return $this->text;
    }
}

$names = ['string' => ['s', 's'], 'int' => [42, '42'], 'negative' => [PHP_INT_MIN, (string) PHP_INT_MIN], 'Stringable' => [new Sku('sku:1'), 'sku:1'], 'enum' => [Shelf::Left, 'left'], 'numeric enum' => [Shelf::Right, '7'], 'int enum' => [Level::One, '1']];
foreach ($server->clients() as $client => $cache) {
    $text = str_ends_with($client, 'text');
    foreach ($names as $type => [$name, $bytes]) {
        $is = fn(bool $so, string $what) => check($so, "$client $type: $what");
        $is($cache->set($name, 1, [$name]) && $cache->get($name) === 1 && $cache->get($bytes) === 1, 'set, get');
        $is($cache->mGet([$name, 'absent']) === [$bytes => 1] && $cache->keysByTag($name) === [$bytes], 'mGet, keysByTag');
        $is($text || ($cache->has($name) && $cache->touch($name, 0) && $cache->meta($name)['tags'] === [$bytes] && $cache->replace($name, 2, [$name])), 'has, touch, meta, replace');
        $is($text || ($cache->searchAny([$name]) === [$bytes] && $cache->searchAll([$name, $name]) === [$bytes]), 'search');
        $is($cache->invalidateTag($name) === 1 && $cache->add($name, 5, [$name]) && $cache->invalidateTags([$name]) === 1, 'invalidate, add');
        $is($cache->increment($name, tags: [$name]) === 1 && $cache->decrement($name) === 0 && $cache->delete($name), 'counters, delete');
        $is($cache->mSet(['x' => 1], tags: [$name]) === 1 && $cache->invalidateTag($bytes) === 1, 'mSet');
        $cache->set($name, 1);
        $is($cache->mDelete([$name, 'absent']) === 1 && tagcache_get($cache, $name, 'd') === 'd', 'mDelete');
    }
    foreach ([1.5, true, null, [], new stdClass(), Pure::Only, STDIN] as $other) {
        foreach ([fn() => $cache->get($other), fn() => $cache->set($other, 1), fn() => $cache->set('k', 1, [$other]), fn() => $cache->mGet(['k', $other]), fn() => $cache->mDelete([$other]), fn() => $cache->invalidateTag($other), fn() => $cache->invalidateTags([$other]), fn() => $cache->increment($other), fn() => $cache->searchAny([$other]), fn() => $cache->mSet(['k' => 1], tags: [$other])] as $i => $call) {
            $error = thrown_by($call);
            check(str_starts_with($error, 'TypeError: TagCache::') && str_contains($error, ' given'), "$client " . get_debug_type($other) . " $i: $error");
        }
    }
}
?>
===DONE===
--EXPECT--
===DONE===
