--TEST--
What an old client wrote PHP reads as that client did
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$lines = [
    '123', '-7', '1.5', 'hello', '', '__TC_TRUE__', '__TC_FALSE__', '__TC_NULL__', "with\ttab",
    '__TC_SERIALIZED__' . base64_encode(serialize(['a' => [1, null]])), '__TC_SERIALIZED__' . base64_encode(serialize('123')),
];
$cache = $server->client(['protocol' => 'text']);
foreach ($lines as $line) {
    $server->text("PUT\tk\t-\t-\t$line");
    echo json_encode($cache->get('k', 'a miss'), JSON_PRESERVE_ZERO_FRACTION), ' ', json_encode($cache->mGet(['k'])), "\n";
}
?>
===DONE===
--EXPECT--
123 {"k":123}
-7 {"k":-7}
1.5 {"k":1.5}
"hello" {"k":"hello"}
"" {"k":""}
true {"k":true}
false {"k":false}
null {"k":null}
"with\ttab" {"k":"with\ttab"}
{"a":[1,null]} {"k":{"a":[1,null]}}
"123" {"k":"123"}
===DONE===
