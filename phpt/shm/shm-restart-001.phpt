--TEST--
Over shared memory a restart of the server costs no call
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(transport: 'shm');
for ($round = 0; $round < 5; $round++) {
    var_dump($cache->set('k', $round), $cache->get('k'));
    $round % 2 === 0 ? $server->kill() : $server->stop();
    $error = thrown_by(fn() => $cache->get('k'));
    check(str_starts_with($error, 'TagCacheConnectionException: '), $error);
    $server->start();
    $until = hrtime(true) + 20e9;
    do {
        $got = thrown_by(fn() => $cache->get('k'));
    } while ($got !== 'nothing thrown, returned null' && hrtime(true) < $until);
    check($got === 'nothing thrown, returned null', $got);
}
?>
===DONE===
--EXPECT--
bool(true)
int(0)
bool(true)
int(1)
bool(true)
int(2)
bool(true)
int(3)
bool(true)
int(4)
===DONE===
