--TEST--
A prefix works on the text protocol as on the binary one
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$text = $server->client(['prefix' => 'p:', 'protocol' => 'text']);
$binary = $server->client(['prefix' => 'p:']);
$text->set('k', 'v', ['t']);
var_dump($binary->get('k'), $text->keysByTag('t'), $text->mGet(['k']), $server->text("GET\tp:k"));
var_dump($text->mSet(['a' => 1, 'b' => 2], tags: ['t']), $binary->invalidateTag('t'), $text->mDelete(['a', 'k']));
?>
===DONE===
--EXPECT--
string(1) "v"
array(1) {
  [0]=>
  string(1) "k"
}
array(1) {
  ["k"]=>
  string(1) "v"
}
string(7) "VALUE	v"
int(2)
int(3)
int(0)
===DONE===
