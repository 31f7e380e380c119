--TEST--
Different options are different clients; the order and the notation of the options do not matter
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$opened = fn(TagCache $cache) => $cache->ping() > 0 ? $cache->stats()['client']['connections_opened'] : 0;
$first = new TagCache(['servers' => [$server->tcp], 'timeout_ms' => 20000, 'prefix' => 'p']);
$same = [
    new TagCache(['prefix' => 'p', 'timeout_ms' => 20000, 'servers' => [$server->tcp]]),
    new TagCache("{$server->tcp}?prefix=p&timeout_ms=20000"),
    new TagCache(['servers' => [$server->tcp], 'timeout_ms' => 20000, 'prefix' => 'p', 'errors' => 'silent']),
];
$first->set('k', 1);
foreach ($same as $cache) {
    var_dump($cache->get('k'), $opened($cache));
}
$other = new TagCache(['servers' => [$server->tcp], 'timeout_ms' => 20001, 'prefix' => 'p']);
$other->get('k');
var_dump($opened($other), $server->client()->stats()['connections'] >= 3);
?>
===DONE===
--EXPECT--
int(1)
int(1)
int(1)
int(1)
int(1)
int(1)
int(1)
bool(true)
===DONE===
