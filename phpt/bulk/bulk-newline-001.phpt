--TEST--
A newline in a value is no second command (lesson 2)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('other', 'safe');
    $evil = "x\nDEL\tother\nPUT\tother\t-\t-\tevil\r\nFLUSH\n";
    $cache->set('k', $evil, ['t']);
    $cache->mSet(['m' => $evil, 'n' => "\n"]);
    check($cache->mGet(['k', 'm', 'n', 'other']) === ['k' => $evil, 'm' => $evil, 'n' => "\n", 'other' => 'safe'], $name);
}
?>
===DONE===
--EXPECT--
===DONE===
