--TEST--
A child that exits leaves the parent's connections alone (lesson 20)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['binary', 'text'] as $protocol) {
    $cache = $server->client(['protocol' => $protocol]);
    $cache->set('k', 'v');
    $opened = $cache->stats()['client']['connections_opened'];
    for ($i = 0; $i < 10; $i++) {
        $pid = pcntl_fork();
        if ($pid === 0) {
            $i % 2 && $cache->get('k');
            exit(0);
        }
        pcntl_waitpid($pid, $status);
        check(pcntl_wifexited($status) && pcntl_wexitstatus($status) === 0, "$protocol: child $i");
        check($cache->get('k') === 'v', "$protocol: after child $i");
    }
    check($cache->stats()['client']['connections_opened'] === $opened, "$protocol: the parent kept its connection");
}
?>
===DONE===
--EXPECT--
===DONE===
