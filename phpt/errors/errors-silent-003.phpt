--TEST--
errors => silent hides the server's faults, not the caller's: wrong arguments and options still throw
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['errors' => 'silent']);
echo thrown_by(fn() => $cache->get([])), "\n";
echo thrown_by(fn() => $cache->set('k', 1, ttl_ms: -1)), "\n";
check(str_starts_with(thrown_by(fn() => $server->client(['errors' => 'silent', 'unknown' => 1])), 'TagCacheUsageException'), 'option');
var_dump($cache->set('word', 'x'), $cache->increment('word'), str_contains($cache->lastError()->getMessage(), "'word'"), $cache->get('word'));
?>
===DONE===
--EXPECTF--
TypeError: TagCache::get(): Argument #1 ($key) must be of type string, array given
ValueError: TagCache::set(): Argument #4 ($ttl_ms) must be %s
bool(true)
int(0)
bool(true)
string(1) "x"
===DONE===
