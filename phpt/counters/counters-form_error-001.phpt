--TEST--
increment() takes an integer as it is written, and nothing that PHP would not write so
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client();
foreach (['010', "10\n", ' 10', '10 ', '+10', '-0', '00', '1e3', '', '-', '0x10', '9223372036854775808'] as $string) {
    $cache->set('n', $string);
    foreach (['increment', 'decrement'] as $method) {
        $error = thrown_by(fn() => $cache->$method('n'));
        check(preg_match("/^TagCacheServerException: $method 'n' on /", $error) === 1, json_encode($string) . " $method: $error");
    }
    check($cache->get('n') === $string, json_encode($string) . ' stays');
}
foreach (['10' => 11, '-10' => -9, '0' => 1, '9223372036854775806' => PHP_INT_MAX] as $string => $next) {
    $cache->set('n', (string) $string);
    check($cache->increment('n') === $next, "the string '$string'");
}
// Other clients of the text protocol write such counters.
$server->text("PUT\tt\t-\t-\t +007");
check($server->text("INCR\tt") === "VALUE\t8", 'the text protocol is as lenient as it was');
?>
===DONE===
--EXPECT--
===DONE===
