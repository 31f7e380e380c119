--TEST--
Items that are refused are in the exception by key; the others are stored (lesson 5)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--max-value=1000');
foreach (['binary', 'text'] as $protocol) {
    $cache = $server->client(['protocol' => $protocol]);
    $large = str_repeat('x', 1001);
    $cache->set('large', 'old');
    try {
        $cache->mSet(['a' => 1, 'large' => $large, 'b' => 2, '123' => $large]);
        echo "nothing thrown\n";
    } catch (TagCacheServerException $e) {
        check(array_keys($e->getRefused()) === ['large', 123], 'the refused, by key: ' . json_encode($e->getRefused()));
        foreach ($e->getRefused() as $reason) {
            check(is_string($reason) && $reason !== '', "$protocol: a reason: " . json_encode($reason));
        }
        check(preg_match('/mset.*2 of 4/i', $e->getMessage()) === 1, $e->getMessage());
    }
    check($cache->mGet(['a', 'large', 'b', '123']) === ['a' => 1, 'b' => 2], "$protocol: the others are stored, the old value is gone");
}
?>
===DONE===
--EXPECT--
===DONE===
