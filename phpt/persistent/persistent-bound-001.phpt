--TEST--
A page that makes up its options keeps a bounded number of clients; those in use stay (lesson 18)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$kept = $server->client(['prefix' => 'kept:']);
$kept->set('k', 'v');
$opened = $kept->stats()['client']['connections_opened'];
for ($user = 0; $user < 300; $user++) {
    $cache = $server->client(['prefix' => "user$user:"]);
    $cache->set('k', $user);
    check($cache->get('k') === $user, "user $user");
}
$deadline = hrtime(true) + 20e9;  // closed is not yet noticed by the server
while ($kept->stats()['connections'] > 66 && hrtime(true) < $deadline);
$stats = $kept->stats();
var_dump($stats['client']['persistent_clients'] <= 64, $stats['connections'] <= 66, $kept->get('k'), $stats['client']['connections_opened'] - $opened);
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
string(1) "v"
int(0)
===DONE===
