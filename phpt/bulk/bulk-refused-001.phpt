--TEST--
A refused item of a bulk call is named, and changes nothing for the others (lesson 41)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--max-value=1000', '--max-key=64');

/** The keys of what the call refused. */
function refused(callable $call, string $method): array
{
    try {
        $call();
    } catch (TagCacheException $error) {
        // What the protocol can not carry is refused before a server has a status for it.
        check(str_starts_with($error->getMessage(), "$method on ") && in_array($error->getCode(), [0, 18, 21, 67], true), "{$error->getCode()} {$error->getMessage()}");
        return array_keys($error->getRefused());
    }
    return [];
}

$long = str_repeat('k', 65);
$longest = str_repeat('l', 70000);
foreach ($server->clients() as $name => $cache) {
    foreach (['over max_value' => 1001, 'over a message' => 18 << 20] as $what => $size) {
        $cache->mSet(['a' => 'old', 'big' => 'old', 'z' => 'old']);
        $keys = refused(fn() => $cache->mSet(['a' => 'new', 'big' => str_repeat('v', $size), 'z' => 'new']), 'mSet');
        check($keys === ['big'], "$name $what is named: " . implode(',', $keys));
        check($cache->mGet(['a', 'big', 'z']) === ['a' => 'new', 'z' => 'new'], "$name $what: neighbours are stored, and the old value is gone");
    }
    foreach ([$long, $longest] as $key) {
        $cache->mSet(['a' => 1, '7' => 2]);
        check(refused(fn() => $cache->mSet(['a' => 3, $key => 1, 7 => 4]), 'mSet') === [$key], "$name: mSet");
        check(refused(fn() => $cache->mGet(['a', $key, 7]), 'mGet') === [$key], "$name: mGet");
        check(refused(fn() => $cache->mDelete(['a', $key]), 'mDelete') === [$key], "$name: mDelete");
        check($cache->mGet(['a', 7]) === [7 => 4], "$name: the other is deleted");
        $silent = $server->client(['errors' => 'silent', 'protocol' => substr($name, strpos($name, ' ') + 1)]);
        check($silent->mGet([7, $key]) === [7 => 4] && array_keys($silent->lastError()->getRefused()) === [$key], "$name: silent mGet");
        check($silent->mDelete([$key, 7]) === 1 && array_keys($silent->lastError()->getRefused()) === [$key], "$name: silent mDelete");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
