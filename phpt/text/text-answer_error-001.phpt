--TEST--
A value that the text protocol can not carry back is an error, and the next answer is right
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$binary = $server->client();
$text = $server->client(['protocol' => 'text', 'pool_size' => 1]);
$binary->mSet(['lines' => "a\nb", 'end' => "a\r", 'plain' => 'x']);
foreach (['lines', 'end'] as $key) {
    $error = thrown_by(fn() => $text->get($key));
    check(preg_match("/^TagCacheServerException: .*'$key'/", $error) === 1, $error);
    check($text->get('plain') === 'x', 'the next answer is its own');
}
?>
===DONE===
--EXPECT--
===DONE===
