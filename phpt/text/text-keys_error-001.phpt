--TEST--
What the text protocol can not carry in a key is refused with the binary protocol named (lesson 2)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['protocol' => 'text']);
foreach (["a\tb", "a\nb", "a\r", ''] as $key) {
    $calls = ['set' => fn() => $cache->set($key, 1), 'add' => fn() => $cache->add($key, 1), 'increment' => fn() => $cache->increment($key)];
    if ($key !== '') {
        $calls += ['get' => fn() => $cache->get($key), 'delete' => fn() => $cache->delete($key), 'mGet' => fn() => $cache->mGet(['ok', $key])];
    }
    foreach ($calls as $name => $call) {
        $error = thrown_by($call);
        check(preg_match('/^TagCacheUsageException: .*binary protocol/', $error) === 1, "$name " . json_encode($key) . ": $error");
    }
}
try {
    $cache->mSet(['ok' => 1, "a\tb" => 1, "\n" => 2]);
} catch (TagCacheServerException $e) {
    check(array_keys($e->getRefused()) === ["a\tb", "\n"], 'the refused, by key');
    check(str_contains(implode($e->getRefused()), 'binary protocol'), implode($e->getRefused()));
}
check($cache->get('ok') === 1 && $cache->set('k', 1) && $cache->get('k') === 1, 'the connection is in order');
?>
===DONE===
--EXPECT--
===DONE===
