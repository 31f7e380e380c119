--TEST--
Clients of the same options share one native client and its connections (lesson 18)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$one = $server->client();
$two = $server->client();
$one->set('k', 1);
var_dump($two->get('k'), $two->stats()['client']['connections_opened']);
unset($one, $two);
$three = $server->client();
var_dump($three->get('k'), $three->stats()['client']['connections_opened']);
?>
===DONE===
--EXPECT--
int(1)
int(1)
int(1)
int(1)
===DONE===
