--TEST--
Objects that share a client keep their own manner of errors and their own last error
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$loud = $server->client(['backoff_ms' => 0]);
$silent = $server->client(['backoff_ms' => 0, 'errors' => 'silent']);
$server->kill();
var_dump($silent->get('k'), $silent->lastError() instanceof TagCacheConnectionException, $loud->lastError());
echo substr(thrown_by(fn() => $loud->get('k')), 0, 27), "\n";
?>
===DONE===
--EXPECT--
NULL
bool(true)
NULL
TagCacheConnectionException
===DONE===
