--TEST--
Signals that arrive during calls change no answer
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$signals = 0;
pcntl_async_signals(true);
pcntl_signal(SIGUSR1, function () use (&$signals, $cache) {
    $signals++;
    $cache->get('k1');
});
$parent = getmypid();
$child = pcntl_fork();
if ($child === 0) {
    $kill = proc_open(['sh', '-c', "while kill -USR1 $parent 2>/dev/null; do :; done"], [], $pipes);
    proc_close($kill);
    exit;
}
for ($i = 0; $i < 1000; $i++) {
    $cache->set("k$i", "value $i");
}
for ($i = 0; $signals < 20 || $i < 2000; $i++) {
    $key = 'k' . $i % 1000;
    check($cache->get($key) === 'value ' . $i % 1000, $key);
}
pcntl_signal(SIGUSR1, SIG_IGN);
var_dump($signals >= 20);
proc_close(proc_open("pkill -9 -P $child; kill -9 $child", [], $pipes));
pcntl_waitpid($child, $status);
?>
===DONE===
--EXPECT--
bool(true)
===DONE===
