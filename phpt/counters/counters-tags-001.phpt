--TEST--
Counters with tags and invalidation of the same tag at once: no lock is held for ever (lesson 15)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$children = [];
foreach (['count', 'invalidate'] as $role) {
    if (($children[] = pcntl_fork()) > 0) {
        continue;
    }
    array_pop($children);
    $cache = $server->client();
    for ($i = 0; $i < 2000; $i++) {
        $role === 'count' ? $cache->increment('n', tags: ['t']) : $cache->invalidateTag('t');
    }
    exit(0);
}
foreach ($children as $child) {
    pcntl_waitpid($child, $status);
    var_dump(pcntl_wifexited($status), pcntl_wexitstatus($status));
}
var_dump($server->client()->ping() > 0);
?>
===DONE===
--EXPECT--
bool(true)
int(0)
bool(true)
int(0)
bool(true)
===DONE===
