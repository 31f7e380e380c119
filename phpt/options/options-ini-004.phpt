--TEST--
Off, 0, false and an empty text of an INI setting turn a switch off; On turns it on
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
tagcache.persistent=Off
tagcache.timeout_ms=
--FILE--
<?php
require __DIR__ . '/../server.inc';
$persistent = fn() => str_contains(print_r(new TagCache(), true), '[persistent] => 1');
var_dump($persistent());
foreach (['1' => true, '0' => false, 'On' => true, 'Off' => false, 'TRUE' => true, 'False' => false, '' => false] as $text => $on) {
    ini_set('tagcache.persistent', $text);
    check($persistent() === $on, "tagcache.persistent=$text");
}
foreach (['tcp_nodelay', 'tcp_keepalive'] as $name) {
    ini_set("tagcache.$name", '');
    check(str_starts_with(thrown_by(fn() => new TagCache()), 'nothing thrown'), $name);
}
?>
===DONE===
--EXPECT--
bool(false)
===DONE===
