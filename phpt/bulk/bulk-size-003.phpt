--TEST--
Values of 64 MiB come back whole on both protocols
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
memory_limit=1G
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$value = str_repeat('0123456789abcde ', 1 << 22);
foreach (['tcp' => 'binary', 'unix' => 'text'] as $transport => $protocol) {
    $cache = $server->client(['protocol' => $protocol], $transport);
    $cache->set('k', $value);
    check($cache->get('k') === $value, "$transport $protocol: 64 MiB");
}
?>
===DONE===
--EXPECT--
===DONE===
