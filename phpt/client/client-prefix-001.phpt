--TEST--
A prefix keeps keys and tags apart and comes off the keys that are listed
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$one = $server->client(['prefix' => 'one:']);
$two = $server->client(['prefix' => 'two:']);
$none = $server->client();
$one->set('k', 1, ['t']);
$two->set('k', 2, ['t']);
var_dump($one->get('k'), $two->get('k'), $none->get('k'), $none->get('one:k'));
var_dump($one->keysByTag('t'), $none->keysByTag('one:t'), $one->mGet(['k']), $one->searchAll(['t']));
var_dump($one->meta('k')['tags']);
var_dump($one->invalidateTag('t'), $one->get('k'), $two->get('k'), $two->delete('k'), $none->get('two:k'));
?>
===DONE===
--EXPECT--
int(1)
int(2)
NULL
int(1)
array(1) {
  [0]=>
  string(1) "k"
}
array(1) {
  [0]=>
  string(5) "one:k"
}
array(1) {
  ["k"]=>
  int(1)
}
array(1) {
  [0]=>
  string(1) "k"
}
array(1) {
  [0]=>
  string(1) "t"
}
int(1)
NULL
int(2)
bool(true)
NULL
===DONE===
