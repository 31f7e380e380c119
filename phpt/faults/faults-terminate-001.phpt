--TEST--
SIGTERM with clients connected: the server exits 0, and clients report it
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$caches = $server->clients(['backoff_ms' => 0]);
foreach ($caches as $cache) {
    $cache->set('k', 1);
}
var_dump($server->stop());
foreach ($caches as $name => $cache) {
    $error = thrown_by(fn() => $cache->get('k'));
    check(str_starts_with($error, 'TagCacheConnectionException: '), "$name: $error");
}
?>
===DONE===
--EXPECT--
int(0)
===DONE===
