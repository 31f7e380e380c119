--TEST--
A resource inside an array or an object is refused with the key named, and stores nothing (lesson 43)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Keeper
{
    public $handle;
    public int $id = 7;

    public function __sleep(): array
    {
        return ['id'];
    }
}

$closed = fopen('php://memory', 'r');
fclose($closed);
$shared = STDIN;
$cycle = new stdClass();
$cycle->self = $cycle;
$cycle->list = [1, [2, [&$shared]]];
$values = ['in an array' => [1, STDIN], 'deep' => [[['x' => [STDIN]]]], 'closed' => [$closed], 'in an object' => (object) ['f' => STDIN], 'behind references' => $cycle];
foreach ($server->clients() as $name => $cache) {
    foreach ($values as $what => $value) {
        $cache->delete('k');
        $error = thrown_by(fn() => $cache->set('k', $value));
        check($error === "TagCacheUsageException: set 'k': a resource can not be stored", "$name $what: $error");
        $error = thrown_by(fn() => $cache->mSet(['a' => 1, 'k' => $value]));
        check($error === "TagCacheUsageException: mSet 'k': a resource can not be stored", "$name $what: $error");
        check($cache->mGet(['a', 'k']) === [], "$name $what: nothing is stored");
    }
    $keeper = new Keeper();
    $keeper->handle = STDIN;
    check($cache->set('k', $keeper) && $cache->get('k')->id === 7, "$name: what __sleep leaves out is no matter");
}
?>
===DONE===
--EXPECT--
===DONE===
