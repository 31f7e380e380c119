--TEST--
phpinfo() shows the extension, its settings and the persistent clients, never a password
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['client_name' => 'shown', 'username' => 'u', 'password' => 'secret']);
ob_start();
phpinfo(INFO_MODULES);
$info = strstr(ob_get_clean(), "\ntagcache\n");
var_dump($info !== false, str_contains($info, $server->tcp), str_contains($info, 'secret'), str_contains($info, 'tagcache.timeout_ms'));
?>
===DONE===
--EXPECT--
bool(true)
bool(true)
bool(false)
bool(true)
===DONE===
