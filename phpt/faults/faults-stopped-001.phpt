--TEST--
Server stopped with SIGSTOP: a time-out in time; after SIGCONT no call gets another's answer (lessons 1, 12)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['binary', 'text'] as $protocol) {
    $cache = $server->client(['timeout_ms' => 150, 'backoff_ms' => 0, 'protocol' => $protocol]);
    $patient = $server->client(['protocol' => $protocol]);
    for ($i = 0; $i < 1000; $i++) {
        $patient->set("k$i", "value $i");
    }
    $cache->get('k0');
    $server->pause();
    $ms = milliseconds_of(function () use ($cache, $protocol) {
        foreach (['k1', 'k2', 'k3'] as $key) {
            $error = thrown_by(fn() => $cache->get($key));
            check(str_starts_with($error, 'TagCacheTimeoutException: '), "$protocol: $error");
        }
        check(str_starts_with(thrown_by(fn() => $cache->mGet(['k4', 'k5'])), 'TagCacheTimeoutException: '), "$protocol: mGet");
    });
    check($ms >= 590 && $ms < 10000, "$protocol: four time-outs took $ms ms");
    $server->resume();
    $patient->get('k0');
    for ($i = 0; $i < 1000; $i++) {
        try {
            check($cache->get("k$i") === "value $i", "$protocol: k$i is another's value");
        } catch (TagCacheTimeoutException) {
            // A slow machine may need longer than the short time-out; a wrong value it may not give.
        }
    }
    check($patient->mGet(['k1', 'k999']) === ['k1' => 'value 1', 'k999' => 'value 999'], "$protocol: bulk");
}
?>
===DONE===
--EXPECT--
===DONE===
