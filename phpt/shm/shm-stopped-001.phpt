--TEST--
Over shared memory a server that stands still costs a call its time-out and no more (lesson 12)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['timeout_ms' => 200, 'backoff_ms' => 0], 'shm');
$cache->set('k', 'v');
$server->pause();
foreach ([fn() => $cache->get('k'), fn() => $cache->mGet(['k', 'l']), fn() => $cache->set('k', 'w')] as $call) {
    $error = '';
    $ms = milliseconds_of(function () use ($call, &$error) {
        $error = thrown_by($call);
    });
    check(str_starts_with($error, 'TagCacheTimeoutException: '), $error);
    check($ms > 190 && $ms < 10000, "it took $ms ms");
}
$server->resume();
$patient = $server->client(transport: 'shm');
check(in_array($patient->get('k'), ['v', 'w'], true), 'the value is one that was written');
?>
===DONE===
--EXPECT--
===DONE===
