--TEST--
Parent and children hammer the cache after a fork: values never mix (lesson 20)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$options = [['protocol' => 'binary'], ['protocol' => 'text'], ['persistent' => false]];
$caches = array_map(fn($o) => $server->client($o), $options);
foreach ($caches as $cache) {
    $cache->set('parent', 'open before the fork');
}
$hammer = function (string $who) use ($caches): int {
    $wrong = 0;
    for ($i = 0; $i < 400; $i++) {
        foreach ($caches as $n => $cache) {
            $key = "$who:$n:" . $i % 50;
            $cache->set($key, "$key = $i");
            $wrong += $cache->get($key) !== "$key = $i";
            $wrong += $cache->mGet([$key, "$who absent"]) !== [$key => "$key = $i"];
        }
    }
    return $wrong;
};
$children = [];
foreach (['child 1', 'child 2', 'child 3'] as $who) {
    $pid = pcntl_fork();
    if ($pid === 0) {
        exit(min($hammer($who), 100));
    }
    $children[] = $pid;
}
var_dump($hammer('parent'));
foreach ($children as $pid) {
    pcntl_waitpid($pid, $status);
    var_dump(pcntl_wifexited($status), pcntl_wexitstatus($status));
}
foreach ($caches as $cache) {
    check($cache->get('parent') === 'open before the fork', 'the parent goes on');
}
?>
===DONE===
--EXPECT--
int(0)
bool(true)
int(0)
bool(true)
int(0)
bool(true)
int(0)
===DONE===
