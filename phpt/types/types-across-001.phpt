--TEST--
What one protocol wrote in PHP the other reads: scalars by value, strings by byte (lesson 6)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
require __DIR__ . '/../types.inc';
$server = new TagcachedServer();
$binary = $server->client(['protocol' => 'binary']);
$text = $server->client(['protocol' => 'text']);
foreach (['x', 'a b', 'ünïcödé', 'a,b', '-', "a\tb"] as $string) {
    $binary->set('k', $string);
    check($text->get('k') === $string, "binary to text: $string");
    $text->set('k', $string);
    check($binary->get('k') === $string, "text to binary: $string");
}
$binary->set('n', 41);
var_dump($text->get('n'), $text->increment('n'), $binary->get('n'));
?>
===DONE===
--EXPECT--
int(41)
int(42)
int(42)
===DONE===
