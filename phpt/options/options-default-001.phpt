--TEST--
Without options the client is for tcp://127.0.0.1:1984, persistent, binary, and throws
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
var_dump(new TagCache());
?>
===DONE===
--EXPECT--
object(TagCache)#1 (4) {
  ["servers"]=>
  string(20) "tcp://127.0.0.1:1984"
  ["protocol"]=>
  string(6) "binary"
  ["persistent"]=>
  bool(true)
  ["errors"]=>
  string(9) "exception"
}
===DONE===
