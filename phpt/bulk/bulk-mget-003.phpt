--TEST--
A key asked for twice is one element of the result
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('a', 1);
    check($cache->mGet(['a', 'a', 'absent', 'a']) === ['a' => 1], $name);
}
?>
===DONE===
--EXPECT--
===DONE===
