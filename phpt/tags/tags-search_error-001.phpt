--TEST--
No tag at all is an error: neither nothing nor everything is what was meant
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach (['binary', 'text'] as $protocol) {
    $cache = $server->client(['protocol' => $protocol]);
    $cache->set('k', 1, ['t']);
    $calls = ['any' => fn() => $cache->invalidateTags([]), 'all' => fn() => $cache->invalidateTags([], 'all')];
    if ($protocol === 'binary') {
        $calls += ['searchAny' => fn() => $cache->searchAny([]), 'searchAll' => fn() => $cache->searchAll([])];
    }
    foreach ($calls as $name => $call) {
        $error = thrown_by($call);
        check(preg_match('/^TagCache(Server|Usage)Exception: .*tag/', $error) === 1, "$protocol $name: $error");
    }
    check($cache->get('k') === 1, "$protocol: nothing is gone");
}
?>
===DONE===
--EXPECT--
===DONE===
