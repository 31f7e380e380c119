--TEST--
A value whose class is gone comes back as PHP gives it, and an autoloader that throws reaches the caller
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
eval('final class Gone { public int $n = 7; }');
$cache = $server->client();
$cache->set('k', unserialize('O:8:"Vanished":1:{s:1:"n";i:7;}'));
echo get_class($cache->get('k')), "\n";
spl_autoload_register(fn($name) => throw new LogicException("autoload $name"));
echo thrown_by(fn() => $cache->mGet(['a', 'k'])), "\n";
var_dump($cache->set('n', 1), $cache->get('n'));
?>
===DONE===
--EXPECT--
__PHP_Incomplete_Class
LogicException: autoload Vanished
bool(true)
int(1)
===DONE===
