--TEST--
A subclass works, with properties of its own
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Counted extends TagCache
{
    public int $gets = 0;

    public function get(string $key, mixed $default = null): mixed
    {
        $this->gets++;
        return parent::get($key, $default);
    }
}

$cache = new Counted($server->options());
$cache->set('k', 'v');
var_dump($cache->get('k'), $cache->gets, tagcache_get($cache, 'k'), $cache->mGet(['k']), $cache->gets);
?>
===DONE===
--EXPECT--
string(1) "v"
int(1)
string(1) "v"
array(1) {
  ["k"]=>
  string(1) "v"
}
int(1)
===DONE===
