--TEST--
Credentials: right ones are let in, wrong and missing ones are a TagCacheServerException (lesson 24)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer('--username=app', '--password=secret word');
foreach (['binary', 'text'] as $protocol) {
    $right = $server->client(['protocol' => $protocol, 'username' => 'app', 'password' => 'secret word']);
    check($right->set('k', 1) && $right->get('k') === 1, "$protocol: let in");
    foreach ([['username' => 'app', 'password' => 'wrong'], ['username' => 'app'], []] as $credentials) {
        $error = thrown_by(fn() => $server->client(['protocol' => $protocol] + $credentials)->get('k'));
        check(preg_match('/^TagCacheServerException: .*(auth|credentials)/i', $error) === 1, "$protocol: $error");
        check(!str_contains($error, 'wrong'), "$protocol keeps the password out: $error");
    }
}
?>
===DONE===
--EXPECT--
===DONE===
