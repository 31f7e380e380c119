--TEST--
docs/php.md has a row for each INI setting, with its default, and no other
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
preg_match_all('/^\| `(\w+)` \| `(tagcache\.\w+)` \| (?:`([^`]*)`)? ?\|/m', file_get_contents(__DIR__ . '/../../docs/php.md'), $rows, PREG_SET_ORDER);
$documented = [];
foreach ($rows as $row) {
    check($row[2] === "tagcache.$row[1]", $row[2]);
    $documented[$row[2]] = $row[3] ?? '';
}
$settings = array_map(fn($setting) => (string) $setting['global_value'], (fn() => ini_get_all('tagcache'))());
ksort($documented);
ksort($settings);
var_dump($documented === $settings, array_diff_assoc($documented, $settings), array_diff_assoc($settings, $documented));
?>
===DONE===
--EXPECT--
bool(true)
array(0) {
}
array(0) {
}
===DONE===
