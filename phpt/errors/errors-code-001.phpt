--TEST--
getCode() is the server's status, and 0 where the server did not answer
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--max-value=1000', '--max-tag=8', '--max-key=64');
$codes = [
    16 => fn($cache) => $cache->increment('word'),
    17 => fn($cache) => $cache->increment('max'),
    18 => fn($cache) => $cache->get(str_repeat('k', 65)),
    19 => fn($cache) => $cache->set('k', 1, ['123456789']),
    21 => fn($cache) => $cache->set('k', str_repeat('v', 1001)),
    '21 in bulk' => fn($cache) => $cache->mSet(['a' => 1, 'b' => str_repeat('v', 1001)]),
];
foreach ($server->clients() as $name => $cache) {
    $cache->set('word', 'x');
    $cache->set('max', PHP_INT_MAX);
    foreach ($codes as $code => $call) {
        try {
            $call($cache);
            echo "$name: nothing thrown for $code\n";
        } catch (TagCacheServerException $error) {
            check($error->getCode() === (int) $code, "$name: {$error->getCode()} for {$error->getMessage()}");
        }
    }
    $silent = $server->client(['errors' => 'silent', 'protocol' => substr($name, strpos($name, ' ') + 1)]);
    $silent->increment('word');
    check($silent->lastError()->getCode() === 16, "$name: silent");
}
try {
    (new TagCache('tcp://127.0.0.1:1?retries=0'))->get('k');
} catch (TagCacheConnectionException $error) {
    var_dump($error->getCode());
}
?>
===DONE===
--EXPECT--
int(0)
===DONE===
