--TEST--
disable_classes=TagCache leaves functions that refuse, and no crash
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$php = getenv('TEST_PHP_EXECUTABLE') ?: PHP_BINARY;
$extension = ini_get('extension_dir') . '/tagcache.so';
foreach (['TagCache', 'TagCacheUsageException', 'TagCacheConnectionException,TagCacheServerException'] as $classes) {
    foreach (['tagcache_create();', 'tagcache_create(["no" => 1]);', '$c = @new TagCache(); tagcache_get($c, "k");', 'tagcache_last_error(@new TagCache());', 'class Sub extends TagCache {} tagcache_get(new Sub(), "k");', 'tagcache_get(tagcache_create("tcp://127.0.0.1:1"), "k");'] as $code) {
        $output = [];
        exec(sprintf('%s -n -d extension=%s -d disable_classes=%s -r %s 2>&1', escapeshellarg($php), escapeshellarg($extension), $classes, escapeshellarg($code)), $output, $status);
        check($status === 0 || $status === 255, "$classes: $code: status $status: " . implode("\n", $output));
    }
}
exec(sprintf('%s -n -d extension=%s -d disable_classes=TagCache -r %s 2>&1', escapeshellarg($php), escapeshellarg($extension), escapeshellarg('try { @tagcache_create(); } catch (Error $e) { echo $e->getMessage(); }')), $message);
echo implode("\n", $message), "\n";
?>
===DONE===
--EXPECT--
The class TagCache is disabled
===DONE===
