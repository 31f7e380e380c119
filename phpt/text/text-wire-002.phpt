--TEST--
Strings that a reader would take for something else go as serialized ones (lesson 4)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['protocol' => 'text']);
foreach (['123', '007', '1e5', '1.0', "a\nb", '__TC_TRUE__', '__TC_SERIALIZED__x', "end\r"] as $string) {
    $cache->set('k', $string);
    check($server->text("GET\tk") === "VALUE\t__TC_SERIALIZED__" . base64_encode(serialize($string)), json_encode($string));
    check($cache->get('k') === $string, json_encode($string));
}
?>
===DONE===
--EXPECT--
===DONE===
