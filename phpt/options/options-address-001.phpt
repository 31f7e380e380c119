--TEST--
host and port, socket, and servers name the same server; two of them at once are refused
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ([['host' => '127.0.0.1', 'port' => $server->port], ['port' => $server->port], ['socket' => substr($server->unix, 7)], ['servers' => $server->tcp], ['servers' => [$server->unix, $server->tcp]], ['servers' => "{$server->unix},{$server->tcp}"]] as $i => $options) {
    $cache = new TagCache($options + ['timeout_ms' => 20000]);
    check($cache->set('k', $i) && $cache->get('k') === $i, json_encode($options));
}
foreach ([['host' => 'h', 'socket' => '/s'], ['port' => 1, 'socket' => '/s'], ['servers' => $server->tcp, 'host' => 'h'], ['servers' => $server->tcp, 'socket' => '/s']] as $options) {
    $error = thrown_by(fn() => new TagCache($options));
    check(preg_match('/^TagCacheUsageException: options? servers.*socket.*host.*port/', $error) === 1, $error);
}
?>
===DONE===
--EXPECT--
===DONE===
