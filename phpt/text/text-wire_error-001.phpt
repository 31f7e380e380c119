--TEST--
A serialized value that does not unserialize is an error that names the key, never a miss (lesson 6)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$server->text("PUT\tbad\t-\t-\t__TC_SERIALIZED__" . base64_encode('a:2:{i:0;i:1;'));
$server->text("PUT\tnot base64\t-\t-\t__TC_SERIALIZED__***");
$server->text("PUT\tigbinary\t-\t-\t__TC_IGBINARY__AAAAAgA=");
$cache = $server->client(['protocol' => 'text']);
foreach (['bad', 'not base64', 'igbinary'] as $key) {
    foreach (['get' => fn() => $cache->get($key, 'a miss'), 'mGet' => fn() => $cache->mGet([$key])] as $method => $call) {
        $error = thrown_by($call);
        check(preg_match('/^TagCache\w*Exception: /', $error) === 1 && str_contains($error, $key), "$method $key: $error");
    }
}
var_dump($cache->set('k', 1), $cache->get('k'));
?>
===DONE===
--EXPECT--
bool(true)
int(1)
===DONE===
