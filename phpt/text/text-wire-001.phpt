--TEST--
What PHP writes in text mode an old client reads: scalars verbatim, markers, base64
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$cache = $server->client(['protocol' => 'text']);
$values = [
    'word' => 'hello world', 'int' => 123, 'negative' => -5, 'float' => 1.5, 'true' => true, 'false' => false, 'null' => null,
    'empty' => '', 'tab' => "a\tb", 'array' => [1, 'x'],
];
foreach ($values as $key => $value) {
    $cache->set($key, $value);
    echo $key, ': ', json_encode($server->text("GET\t$key")), "\n";
}
var_dump($server->text("GET\tarray") === "VALUE\t__TC_SERIALIZED__" . base64_encode(serialize([1, 'x'])));
?>
===DONE===
--EXPECT--
word: "VALUE\thello world"
int: "VALUE\t123"
negative: "VALUE\t-5"
float: "VALUE\t1.5"
true: "VALUE\t__TC_TRUE__"
false: "VALUE\t__TC_FALSE__"
null: "VALUE\t__TC_NULL__"
empty: "VALUE\t"
tab: "VALUE\ta\tb"
array: "VALUE\t__TC_SERIALIZED__YToyOntpOjA7aToxO2k6MTtzOjE6IngiO30="
bool(true)
===DONE===
