--TEST--
Clients in cycles are collected, and values outlive their client
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Holder
{
    public ?TagCache $cache = null;
    public ?Holder $self = null;
}

for ($i = 0; $i < 50; $i++) {
    $holder = new Holder();
    $holder->self = $holder;
    $holder->cache = $server->client(['persistent' => false]);
    $holder->cache->set('k', ['value' => [1, 2, 3]]);
    $value = $holder->cache->get('k');
    unset($holder);
}
var_dump(gc_collect_cycles() >= 50, $value['value'][2]);
$watch = $server->client();
$deadline = hrtime(true) + 20e9;  // closed is not yet noticed by the server
while ($watch->stats()['connections'] > 1 && hrtime(true) < $deadline);
var_dump($watch->stats()['connections']);
?>
===DONE===
--EXPECT--
bool(true)
int(3)
int(1)
===DONE===
