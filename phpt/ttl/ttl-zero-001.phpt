--TEST--
A time to live of 0 never expires, also where a default is configured and in bulk (lesson 5)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['binary', 'text'] as $protocol) {
    $cache = $server->client(['default_ttl_ms' => 600000, 'protocol' => $protocol]);
    $meta = $server->client();
    $cache->set('zero', 1, ttl_ms: 0);
    $cache->set('null', 1, ttl_ms: null);
    $cache->set('own', 1, ttl_ms: 60000);
    $cache->mSet(['bulk zero' => 1], ttl_ms: 0);
    $cache->mSet(['bulk null' => 1]);
    foreach (['zero', 'null', 'own', 'bulk zero', 'bulk null'] as $key) {
        $left = $meta->meta($key)['ttl_ms'];
        echo "$protocol $key: ", $left === null ? 'never' : ($left > 60000 ? 'default' : 'own'), "\n";
    }
}
?>
===DONE===
--EXPECT--
binary zero: never
binary null: default
binary own: own
binary bulk zero: never
binary bulk null: default
text zero: never
text null: default
text own: own
text bulk zero: never
text bulk null: default
===DONE===
