--TEST--
errors => silent: no call throws, each returns its neutral value and lastError() has the reason
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$server->kill();
$cache = $server->client(['errors' => 'silent', 'backoff_ms' => 0]);
var_dump($cache->lastError());
$calls = [
    'get' => fn() => $cache->get('k'), 'get default' => fn() => $cache->get('k', 'd'), 'set' => fn() => $cache->set('k', 1),
    'add' => fn() => $cache->add('k', 1), 'replace' => fn() => $cache->replace('k', 1), 'delete' => fn() => $cache->delete('k'),
    'has' => fn() => $cache->has('k'), 'mGet' => fn() => $cache->mGet(['k']), 'mSet' => fn() => $cache->mSet(['k' => 1]),
    'mDelete' => fn() => $cache->mDelete(['k']), 'increment' => fn() => $cache->increment('k'), 'decrement' => fn() => $cache->decrement('k'),
    'touch' => fn() => $cache->touch('k', 1), 'invalidateTag' => fn() => $cache->invalidateTag('t'),
    'invalidateTags' => fn() => $cache->invalidateTags(['t']), 'keysByTag' => fn() => $cache->keysByTag('t'),
    'searchAny' => fn() => $cache->searchAny(['t']), 'searchAll' => fn() => $cache->searchAll(['t']), 'meta' => fn() => $cache->meta('k'),
    'flush' => fn() => $cache->flush(), 'ping' => fn() => $cache->ping(),
];
foreach ($calls as $name => $call) {
    echo $name, ': ', json_encode($call()), "\n";
    check($cache->lastError() instanceof TagCacheConnectionException, "$name keeps its error");
    check(str_contains($cache->lastError()->getMessage(), $server->tcp), "$name names the server");
}
$server->start();
var_dump($cache->set('k', 1), $cache->get('k'), $cache->lastError());
?>
===DONE===
--EXPECT--
NULL
get: null
get default: "d"
set: false
add: false
replace: false
delete: false
has: false
mGet: []
mSet: 0
mDelete: 0
increment: 0
decrement: 0
touch: false
invalidateTag: 0
invalidateTags: 0
keysByTag: []
searchAny: []
searchAll: []
meta: null
flush: 0
ping: 0
bool(true)
int(1)
NULL
===DONE===
