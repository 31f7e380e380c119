--TEST--
The options array and the DSN leave the caller's array as it was
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$options = ['servers' => [$server->tcp], 'timeout_ms' => 20000, 'prefix' => 'p'];
$copy = $options;
$prefix = 'q';
$options['prefix'] = &$prefix;
$cache = new TagCache($options);
$cache->set('k', 1);
var_dump($options['servers'] === $copy['servers'], $options['prefix'], $server->client()->get('qk'));
?>
===DONE===
--EXPECT--
bool(true)
string(1) "q"
int(1)
===DONE===
