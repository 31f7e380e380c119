--TEST--
Processes that fork while they use shared memory never see each other's answers (lesson 20)
--SKIPIF--
<?php
require __DIR__ . '/../skipif.inc';
if (!function_exists('pcntl_fork')) die('skip pcntl is not loaded');
?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(transport: 'shm');
for ($i = 0; $i < 64; $i++) {
    $cache->set("k$i", "v$i");
}
function wrong_answers(TagCache $cache, int $step): int
{
    $wrong = 0;
    for ($i = 0; $i < 5000; $i++) {
        $n = $i * $step % 64;
        $wrong += $cache->get("k$n") !== "v$n" ? 1 : 0;
    }
    return $wrong;
}
$children = [];
for ($child = 1; $child <= 3; $child++) {
    $children[] = $pid = pcntl_fork();
    if ($pid === 0) {
        exit(min(wrong_answers($cache, $child * 2 + 1), 1));
    }
}
var_dump(wrong_answers($cache, 1));
foreach ($children as $pid) {
    pcntl_waitpid($pid, $status);
    var_dump(pcntl_wifexited($status), pcntl_wexitstatus($status));
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
