--TEST--
create() makes an object of the class that it is called on
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
class Sub extends TagCache
{
    public int $n = 3;
}
class Own extends TagCache
{
    public array $seen;

    public function __construct(mixed ...$arguments)
    {
        $this->seen = $arguments;
        parent::__construct(...$arguments);
    }

    public static function make(string $dsn): static
    {
        return static::create($dsn);
    }
}
abstract class None extends TagCache
{
}

final class Elsewhere
{
    public function make(array $options): TagCache
    {
        return tagcache_create($options);
    }
}

$sub = Sub::create($server->options());
var_dump($sub::class, $sub->n, $sub->set('k', 1), TagCache::create($server->tcp)::class, $sub::create($server->tcp)::class);
var_dump(Own::create($server->tcp)->seen === [$server->tcp], Own::make($server->tcp)->ping() > 0, Own::create()->seen);
var_dump((new Elsewhere())->make($server->options())::class, (string) (new ReflectionMethod('TagCache', 'create'))->getReturnType());
echo thrown_by(fn() => None::create()), "\n", thrown_by(fn() => Own::create(['no' => 1])), "\n";
?>
===DONE===
--EXPECTF--
string(3) "Sub"
int(3)
bool(true)
string(8) "TagCache"
string(3) "Sub"
bool(true)
bool(true)
array(0) {
}
string(8) "TagCache"
string(6) "static"
Error: Cannot instantiate abstract class None
TagCacheUsageException: %s
===DONE===
