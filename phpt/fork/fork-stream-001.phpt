--TEST--
A fork in the middle of a bulk read: the parent's read goes on, the child's calls are its own (lesson 20)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Forker
{
    public static TagCache $cache;
    public static array $children = [];

    public function __serialize(): array
    {
        return [];
    }

    public function __unserialize(array $data): void
    {
        $pid = pcntl_fork();
        if ($pid === 0) {
            exit(self::$cache->get('k7') === 'value 7' && self::$cache->set('child', 1) ? 0 : 1);
        }
        pcntl_waitpid($pid, $status);
        self::$children[] = pcntl_wifexited($status) ? pcntl_wexitstatus($status) : 'killed';
    }
}

$cache = Forker::$cache = $server->client();
$items = [];
for ($i = 0; $i < 20000; $i++) {
    $items["k$i"] = $i === 10 || $i === 3000 ? new Forker() : "value $i";
}
$cache->mSet($items);
$back = $cache->mGet(array_keys($items));
var_dump(serialize($back) === serialize($items), Forker::$children, $cache->get('child'), $cache->get('k8'));
?>
===DONE===
--EXPECT--
bool(true)
array(2) {
  [0]=>
  int(0)
  [1]=>
  int(0)
}
int(1)
string(7) "value 8"
===DONE===
