--TEST--
Server killed and restarted mid-script: no idempotent call on a pooled connection fails (lesson 12)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['tcp', 'unix'] as $transport) {
    foreach (['binary', 'text'] as $protocol) {
        $cache = $server->client(['protocol' => $protocol], $transport);
        $cache->set('k', 'before');
        $server->kill();
        $server->start();
        check($cache->get('k') === null, "$transport $protocol: a miss, not an error");
        $cache->set('k', 'after');
        $server->kill();
        $server->start();
        $cache->set('k', 'again');
        check($cache->get('k') === 'again', "$transport $protocol: a write");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
