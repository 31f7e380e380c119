--TEST--
A server that is full is an error of its own (lesson 22)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--max-connections=2');
$kept = [];
// Above the limit, eight more from this machine are served for a short time.
for ($i = 0; $i < 2 + 8; $i++) {
    $kept[$i] = $server->client(['prefix' => "$i"]);
    $kept[$i]->set('k', 1);
}
foreach (['binary', 'text'] as $protocol) {
    $error = thrown_by(fn() => $server->client(['protocol' => $protocol, 'backoff_ms' => 0])->set('k', 1));
    check(preg_match('/^TagCache(Server|Connection)Exception: .*connections/', $error) === 1, "$protocol: $error");
}
var_dump($kept[0]->get('k'), $kept[1]->get('k'));
?>
===DONE===
--EXPECT--
int(1)
int(1)
===DONE===
