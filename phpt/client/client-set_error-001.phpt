--TEST--
Tags that are no strings are refused, and nothing is stored
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
foreach ([[1.5], [null], [[]], [new stdClass()], [true]] as $tags) {
    $error = thrown_by(fn() => $cache->set('k', 1, $tags));
    check(preg_match('/^(TypeError|TagCacheUsageException): .*tag/i', $error) === 1, $error);
}
var_dump($cache->get('k'));
?>
===DONE===
--EXPECT--
NULL
===DONE===
