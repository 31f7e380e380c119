--TEST--
A password in an address or a query is never in the message that refuses it (lesson 39)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
zend.exception_ignore_args=0
zend.exception_string_param_max_len=1000
--FILE--
<?php
require __DIR__ . '/../server.inc';
$wrong = [
    'tcp://user:PW4711@host', 'tcp://user:PW4711@host:1984', 'redis://user:PW4711@host:6379', 'redis://:PW4711@host', 'user:PW4711@host',
    'tcp://host:PW4711', 'tls://user:PW4711@host', 'unix://user:PW4711@/path', 'tcp://host?password=PW4711&no=1', 'tcp://host?password=p&PW4711',
    'tcp://host?password=PW4711%zz', 'tcp://user:PW4711@host?timeout_ms=5', "tcp://user:PW4711/x?y@host",
    ['servers' => 'tcp://host?password=PW4711'], ['servers' => ['tcp://user:PW4711@host']], ['servers' => ['tcp://host?password=PW4711']],
    ['servers' => 'redis://user:PW4711@host'], ['host' => 'user:PW4711@host'], ['host' => 'user:PW4711@host', 'port' => 1984], ['host' => 'tcp://user:PW4711@host'],
    ['socket' => 'redis://user:PW4711@host'], ['password' => ['PW4711']], ['password' => str_repeat('PW4711', 50)], ['password' => 'PW4711', 'timeout_ms' => 'x'],
];
foreach ($wrong as $options) {
    foreach ([fn() => new TagCache($options), fn() => TagCache::create($options), fn() => tagcache_create($options)] as $call) {
        try {
            $call();
            echo 'nothing thrown for ', json_encode($options), "\n";
        } catch (TagCacheUsageException $error) {
            $own = array_filter($error->getTrace(), fn($frame) => !isset($frame['file']) || in_array($frame['function'], ['__construct', 'create', 'tagcache_create'], true));
            check(!str_contains($error->getMessage() . print_r(array_map(fn($frame) => $frame['args'] ?? [], $own), true) . $error->getTraceAsString(), 'PW4711'), json_encode($options) . ": {$error->getMessage()}");
        }
    }
}
?>
===DONE===
--EXPECT--
===DONE===
