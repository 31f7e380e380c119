--TEST--
Every PHP value comes back as it went from add and replace
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
require __DIR__ . '/../types.inc';
$server = new TagcachedServer();
$cache = $server->client();
foreach (type_table() as $name => $value) {
    $cache->delete('k');
    $cache->add('k', $value);
    check(fingerprint($cache->get('k', 'a miss')) === fingerprint($value), "add $name");
    $cache->set('k', 'other');
    $cache->replace('k', $value);
    check(fingerprint($cache->get('k', 'a miss')) === fingerprint($value), "replace $name");
}
?>
===DONE===
--EXPECT--
===DONE===
