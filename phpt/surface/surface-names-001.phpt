--TEST--
Every function of the PHP surface is there
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$names = ['create', 'get', 'put', 'add', 'replace', 'delete', 'mget', 'bulk_get', 'mput', 'bulk_put', 'mdelete', 'increment', 'decrement', 'touch', 'invalidate_tag', 'invalidate_tags', 'keys_by_tag', 'search_any', 'search_all', 'stats', 'flush', 'ping', 'close'];
var_dump(array_values(array_filter($names, fn($name) => !function_exists("tagcache_$name"))));
$methods = ['__construct', 'create', 'get', 'set', 'add', 'replace', 'delete', 'has', 'mGet', 'mSet', 'mDelete', 'increment', 'decrement', 'touch', 'invalidateTag', 'invalidateTags', 'keysByTag', 'searchAny', 'searchAll', 'meta', 'stats', 'flush', 'ping', 'close', 'lastError'];
var_dump(array_values(array_diff($methods, get_class_methods('TagCache'))));
?>
===DONE===
--EXPECT--
array(0) {
}
array(0) {
}
===DONE===
