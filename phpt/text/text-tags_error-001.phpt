--TEST--
What the text protocol can not carry in a tag is refused with the binary protocol named
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['protocol' => 'text']);
foreach (['a,b', "a\tb", "a\nb", ''] as $tag) {
    foreach (['set' => fn() => $cache->set('k', 1, [$tag]), 'mSet' => fn() => $cache->mSet(['k' => 1], tags: [$tag]), 'invalidateTags' => fn() => $cache->invalidateTags([$tag])] as $name => $call) {
        $error = thrown_by($call);
        check(preg_match('/^TagCache(Usage|Server)Exception: .*binary protocol/', $error) === 1, "$name " . json_encode($tag) . ": $error");
    }
}
var_dump($cache->get('k'));
?>
===DONE===
--EXPECT--
NULL
===DONE===
