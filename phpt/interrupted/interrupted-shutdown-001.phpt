--TEST--
Destructors that run after the script and its shutdown functions still have the cache
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class LastWord
{
    public function __construct(private TagCache $cache)
    {
    }

    public function __destruct()
    {
        var_dump($this->cache->set('k', 'from the destructor'), $this->cache->get('k'));
    }
}

$child = pcntl_fork();  // the parent, which ends the server, outlives it
if ($child === 0) {
    $GLOBALS['shared'] = new LastWord($server->client());
    $GLOBALS['own'] = new LastWord($server->client(['persistent' => false]));
    exit(0);
}
pcntl_waitpid($child, $status);
var_dump(pcntl_wifexited($status), pcntl_wexitstatus($status), $server->client()->get('k'));
?>
===DONE===
--EXPECT--
bool(true)
string(19) "from the destructor"
bool(true)
string(19) "from the destructor"
bool(true)
int(0)
string(19) "from the destructor"
===DONE===
