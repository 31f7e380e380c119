--TEST--
Many clients at once, made and dropped in any order
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$caches = [];
for ($i = 0; $i < 100; $i++) {
    $caches[$i] = $server->client(['persistent' => $i % 2 === 0, 'prefix' => "p$i:"], $i % 3 ? 'tcp' : 'unix');
    $caches[$i]->set('k', $i);
}
mt_srand(1);
$order = array_keys($caches);
shuffle($order);
foreach ($order as $i) {
    check($caches[$i]->get('k') === $i, "client $i");
    unset($caches[$i]);
}
?>
===DONE===
--EXPECT--
===DONE===
