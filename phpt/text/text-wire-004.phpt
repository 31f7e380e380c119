--TEST--
Tags and times to live that PHP writes an old client finds, and the other way round
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['protocol' => 'text']);
$cache->set('k', 1, ['a', 'b'], 60000);
echo json_encode([$server->text("KEYS_BY_TAG\ta"), $server->text("INV_TAG\tb"), $cache->get('k')]), "\n";
$server->text("PUT\told\t60000\tx,y\tvalue");
echo json_encode([$cache->keysByTag('x'), $cache->invalidateTags(['x', 'y'], 'all'), $server->text("GET\told")]), "\n";
$server->text("INCR\tn\t5");
echo json_encode([$cache->increment('n', 2), $server->text("GET\tn")]), "\n";
?>
===DONE===
--EXPECT--
["KEYS\tk","INV_TAG\t1",null]
[["old"],1,"NF"]
[7,"VALUE\t7"]
===DONE===
