--TEST--
phpinfo() does not show the password of the INI settings
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
tagcache.username=app
tagcache.password=hunter2
--FILE--
<?php
require __DIR__ . '/../server.inc';
ob_start();
phpinfo(INFO_MODULES | INFO_CONFIGURATION);
var_dump(new TagCache());
$shown = ob_get_clean();
var_dump(str_contains($shown, 'tagcache.password'), str_contains($shown, 'hunter2'));
?>
===DONE===
--EXPECT--
bool(true)
bool(false)
===DONE===
