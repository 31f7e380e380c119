--TEST--
Floats do not depend on the precision settings
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
precision=3
serialize_precision=3
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    foreach ([M_PI, 0.1, 1 / 3, -0.0, PHP_FLOAT_MAX, 5e-324, 123456789.123456789] as $i => $float) {
        $cache->set('k', $float);
        check(pack('E', $cache->get('k')) === pack('E', $float), "$name: float $i bit for bit");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
