--TEST--
Variables and array elements that are references are stored by their value
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
$value = 'before';
$alias = &$value;
$cache->set('k', $value);
$cache->mSet(['m' => &$value, 'n' => [&$value]]);
$key = 'm';
$keys = [&$key, 'n'];
$value = 'after';
var_dump($cache->get('k'), $cache->mGet($keys));
$cache->set('pair', [&$value, &$value]);
$pair = $cache->get('pair');
$pair[0] = 'both';
var_dump($pair[1]);
?>
===DONE===
--EXPECT--
string(6) "before"
array(2) {
  ["m"]=>
  string(6) "before"
  ["n"]=>
  array(1) {
    [0]=>
    string(6) "before"
  }
}
string(4) "both"
===DONE===
