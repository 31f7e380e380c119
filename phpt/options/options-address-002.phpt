--TEST--
An array's addresses mean themselves: '%', ',', '?' and '&' in a path are not those of a DSN
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
$folder = sys_get_temp_dir() . '/tagcache-phpt-' . bin2hex(random_bytes(6));
mkdir($folder, 0700);
foreach (['%41', 'a%2Cb', 'a,b', 'a?b', 'a?timeout_ms=1&x', '%', 'a%zz'] as $i => $name) {
    symlink(substr($server->unix, 7), "$folder/$name");
    foreach ([['socket' => "$folder/$name"], ['servers' => ["unix://$folder/$name"]]] as $options) {
        $error = thrown_by(fn() => (new TagCache($options + ['timeout_ms' => 20000]))->set('k', $i));
        check(str_starts_with($error, 'nothing thrown'), json_encode($options) . ": $error");
    }
    unlink("$folder/$name");
}
rmdir($folder);
$cut = new TagCache(['servers' => 'unix:///a%41,tcp://h:1']);
check(str_contains(print_r($cut, true), '[servers] => unix:///a%41,tcp://h:1'), 'a string is a list with commas');
?>
===DONE===
--EXPECT--
===DONE===
