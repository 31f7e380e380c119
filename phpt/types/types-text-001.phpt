--TEST--
Every PHP value comes back as it went, over TCP and the Unix socket, text protocol (lessons 2, 4)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
require __DIR__ . '/../types.inc';
$server = new TagcachedServer();
foreach (['tcp', 'unix'] as $transport) {
    $cache = $server->client(['protocol' => 'text'], $transport);
    foreach (type_table() as $name => $value) {
        $cache->set('k', $value);
        $back = $cache->get('k', 'a miss');
        check(fingerprint($back) === fingerprint($value), "$transport $name: " . fingerprint($back));
    }
}
?>
===DONE===
--EXPECT--
===DONE===
