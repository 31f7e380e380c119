--TEST--
INI settings are the defaults of their options
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
tagcache.servers=tcp://127.0.0.1:2345
tagcache.protocol=text
tagcache.persistent=0
tagcache.errors=silent
--FILE--
<?php
require __DIR__ . '/../server.inc';
var_dump(new TagCache(), (array) new TagCache(['protocol' => 'binary', 'errors' => 'exception']));
$dump = fn(TagCache $cache) => preg_replace('/\s+/', ' ', print_r($cache, true));
echo $dump(new TagCache(['protocol' => 'binary', 'errors' => 'exception', 'persistent' => true, 'servers' => ['tcp://h:9']])), "\n";
echo $dump(new TagCache('unix:///run/x?protocol=binary')), "\n";
?>
===DONE===
--EXPECT--
object(TagCache)#1 (4) {
  ["servers"]=>
  string(20) "tcp://127.0.0.1:2345"
  ["protocol"]=>
  string(4) "text"
  ["persistent"]=>
  bool(false)
  ["errors"]=>
  string(6) "silent"
}
array(0) {
}
TagCache Object ( [servers] => tcp://h:9 [protocol] => binary [persistent] => 1 [errors] => exception ) 
TagCache Object ( [servers] => unix:///run/x [protocol] => binary [persistent] => [errors] => silent ) 
===DONE===
