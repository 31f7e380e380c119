--TEST--
Floats as older clients wrote them, with PHP's own notation, are floats
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['protocol' => 'text']);
foreach (['1.0E+25', '0.10000000000000001', '-1.5', '1.0E-10', '3.1415926535897931'] as $line) {
    $server->text("PUT\tk\t-\t-\t$line");
    check($cache->get('k') === (float) $line, "$line: " . var_export($cache->get('k'), true));
}
foreach (['1e5', '1.50', '007', '+1', '0x1A', '1.', '.5', '1_0', ' 1'] as $line) {
    $server->text("PUT\tk\t-\t-\t$line");
    check($cache->get('k') === $line, "$line is a string");
}
?>
===DONE===
--EXPECT--
===DONE===
