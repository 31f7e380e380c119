--TEST--
A value that PHP can not serialize throws what PHP throws, and stores nothing
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
foreach (['closure' => fn() => 1, 'anonymous class' => new class {}, 'nested' => [1, [fn() => 2]], 'the cache' => $cache] as $name => $value) {
    echo "$name: ", thrown_by(fn() => $cache->set('k', $value)), "\n";
    echo "$name in bulk: ", thrown_by(fn() => $cache->mSet(['k' => $value])), "\n";
}
var_dump($cache->get('k', 'a miss'));
?>
===DONE===
--EXPECT--
closure: Exception: Serialization of 'Closure' is not allowed
closure in bulk: Exception: Serialization of 'Closure' is not allowed
anonymous class: Exception: Serialization of 'class@anonymous' is not allowed
anonymous class in bulk: Exception: Serialization of 'class@anonymous' is not allowed
nested: Exception: Serialization of 'Closure' is not allowed
nested in bulk: Exception: Serialization of 'Closure' is not allowed
the cache: Exception: Serialization of 'TagCache' is not allowed
the cache in bulk: Exception: Serialization of 'TagCache' is not allowed
string(6) "a miss"
===DONE===
