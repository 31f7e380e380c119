--TEST--
The exceptions are one family under RuntimeException
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
foreach (['', 'Connection', 'Timeout', 'Protocol', 'Server', 'Usage'] as $name) {
    $class = new ReflectionClass("TagCache{$name}Exception");
    echo $class->getName(), ' extends ', $class->getParentClass()->getName(), "\n";
}
var_dump(method_exists(TagCacheServerException::class, 'getRefused'));
try {
    throw new TagCacheServerException('mine', 3);
} catch (TagCacheException $e) {
    var_dump($e->getMessage(), $e->getCode(), $e->getRefused());
}
?>
===DONE===
--EXPECT--
TagCacheException extends RuntimeException
TagCacheConnectionException extends TagCacheException
TagCacheTimeoutException extends TagCacheException
TagCacheProtocolException extends TagCacheException
TagCacheServerException extends TagCacheException
TagCacheUsageException extends TagCacheException
bool(true)
string(4) "mine"
int(3)
array(0) {
}
===DONE===
