--TEST--
The password of the INI is the one that is sent, though no setting shows it
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
tagcache.password=the secret
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--username=u', '--password=the secret');
check($server->client(['username' => 'u'])->ping() > 0, 'the password is that of the INI');
check(str_starts_with(thrown_by(fn() => $server->client(['username' => 'u', 'password' => 'other'])->ping()), 'TagCacheServerException'), 'an option wins');
var_dump(ini_get('tagcache.password') === 'the secret', strlen(ini_get('tagcache.password')) > 0);
?>
===DONE===
--EXPECT--
bool(false)
bool(true)
===DONE===
