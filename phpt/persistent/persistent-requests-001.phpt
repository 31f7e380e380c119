--TEST--
A worker's next request gets the kept connection and right answers, whatever ended the one before (lessons 1, 18)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
preg_match('~/\S*/tagcache\.so~', file_get_contents('/proc/self/maps'), $extension);
$php = [PHP_BINARY, '-n', '-d', "extension=$extension[0]", '-d', 'memory_limit=32M', '-S', '127.0.0.1:0', __DIR__ . '/worker.inc'];
$worker = proc_open(['sh', '-c', '"$@" & read end; kill -9 $!', 'sh', ...$php], [['pipe', 'r'], ['file', '/dev/null', 'w'], ['pipe', 'w']], $pipes, null, ['TAGCACHE_DSN' => $server->tcp]);
preg_match('~http://127\.0\.0\.1:\d+~', fgets($pipes[2]), $url);
$request = fn(string $do) => file_get_contents("$url[0]/?do=$do", context: stream_context_create(['http' => ['ignore_errors' => true]]));
echo $request('fill'), "\n";
foreach (['exit', 'throw', 'memory', 'fatal', 'error', 'forget'] as $end) {
    $request($end);
    echo "after $end: ", $request('read'), "\n";
}
fclose($pipes[0]);
?>
===DONE===
--EXPECT--
stored 3000, opened 1
after exit: right, opened 1, clients 1, objects 1
after throw: right, opened 1, clients 1, objects 1
after memory: right, opened 1, clients 1, objects 1
after fatal: right, opened 1, clients 1, objects 1
after error: right, opened 1, clients 1, objects 1
after forget: right, opened 1, clients 1, objects 1
===DONE===
