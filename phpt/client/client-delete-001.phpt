--TEST--
TagCache::delete() returns whether there was an entry
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('k', null);
    check($cache->delete('k') === true, "$name: there was one");
    check($cache->delete('k') === false, "$name: there is none any more");
    check($cache->get('k', 'gone') === 'gone', "$name: it is gone");
}
?>
===DONE===
--EXPECT--
===DONE===
