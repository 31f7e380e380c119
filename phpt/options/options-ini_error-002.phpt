--TEST--
An INI setting that is not known is a warning at start (lesson 23)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
tagcache.timeout=250
display_startup_errors=1
--FILE--
<?php
require __DIR__ . '/../server.inc';
echo "started\n";
?>
===DONE===
--EXPECTF--
%AWarning: TagCache: the setting tagcache.timeout is not known in Unknown on line 0
started
===DONE===
