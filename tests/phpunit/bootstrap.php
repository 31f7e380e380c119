<?php

declare(strict_types=1);

/*
 * Applications as people write them, on a real server, over each transport and protocol:
 *
 *   TAGCACHED=<binary> php -d extension=<tagcache.so> phpunit -c tests/phpunit/phpunit.xml
 */

require __DIR__ . '/../../phpt/server.inc';
require __DIR__ . '/CacheTestCase.php';

if (!extension_loaded('tagcache')) {
    fwrite(STDERR, "the extension tagcache is not loaded: give php -d extension=<path of tagcache.so>\n");
    exit(1);
}
