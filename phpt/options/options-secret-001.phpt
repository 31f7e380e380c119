--TEST--
No trace and no setting shows a secret (lesson 39)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
zend.exception_ignore_args=0
zend.exception_string_param_max_len=1000
tagcache.password=INI0815
--FILE--
<?php
require __DIR__ . '/../server.inc';
function leak(Throwable $error): bool
{
    return str_contains($error . print_r($error->getTrace(), true) . var_export($error, true) . serialize(array_map(fn($frame) => print_r($frame['args'] ?? [], true), $error->getTrace())), 'PW4711');
}

$options = ['password' => 'PW4711', 'username' => 'u'];
$dsn = 'tcp://127.0.0.1:1?username=u&password=PW4711&retries=0';
$calls = [
    'new' => fn() => new TagCache(['no' => 1] + $GLOBALS['options']),
    'create' => fn() => TagCache::create(['no' => 1] + $GLOBALS['options']),
    'function' => fn() => tagcache_create(['no' => 1] + $GLOBALS['options']),
    'dsn' => fn() => new TagCache($GLOBALS['dsn'] . '&no=1'),
    'call' => fn() => (new TagCache($GLOBALS['dsn']))->get('k'),
];
foreach ($calls as $name => $call) {
    try {
        $call();
        echo "$name: nothing thrown\n";
    } catch (TagCacheException $error) {
        check(!leak($error), "$name: {$error->getMessage()}\n{$error->getTraceAsString()}");
    }
}
$cache = new TagCache($dsn);
check(!str_contains(print_r($cache, true) . var_export($cache, true), 'PW4711'), 'var_dump');
$shown = serialize(ini_get_all('tagcache')) . serialize(ini_get_all()) . ini_get('tagcache.password');
check(!str_contains($shown, 'INI0815') && str_contains($shown, 'tagcache.password'), 'ini_get_all');
var_dump(ini_set('tagcache.password', 'PW4711'), str_contains(serialize(ini_get_all()), 'PW4711'));
?>
===DONE===
--EXPECT--
bool(false)
bool(false)
===DONE===
