<?php

/*
 * A page that reads the cache twenty times. PHP-FPM runs it for page_rows.php. Query: client,
 * transport, port, socket, persistent. Prints how many values it read.
 */

declare(strict_types=1);

namespace Compare;

require __DIR__ . '/servers.php';
require __DIR__ . '/clients.php';

$address = ['host' => '127.0.0.1', 'port' => (int) $_GET['port'], 'socket' => $_GET['socket']];
$c = connect($_GET['client'], $_GET['transport'], $address, persistent: $_GET['persistent'] === '1');
$read = 0;
for ($i = 0; $i < 20; $i++) {
    $read += is_string($c->get("item.$i")) ? 1 : 0;
}
header('Content-Length: ' . strlen("$read"));
echo $read;
