--TEST--
An error handler that calls the cache during a notice of unserialize (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$server->text("PUT\tbad\t-\t-\t__TC_SERIALIZED__" . base64_encode('a:2:{i:0;i:1;'));
$cache = $server->client(['protocol' => 'text']);
$cache->mSet(['a' => 'A', 'b' => 'B']);
set_error_handler(function () use ($cache) {
    check($cache->get('a') === 'A', 'inside the handler');
    return true;
});
check(preg_match('/^TagCache\w*Exception: /', thrown_by(fn() => $cache->mGet(['a', 'bad', 'b']))) === 1, 'the bad one is an error');
var_dump($cache->mGet(['a', 'b']));
?>
===DONE===
--EXPECT--
array(2) {
  ["a"]=>
  string(1) "A"
  ["b"]=>
  string(1) "B"
}
===DONE===
