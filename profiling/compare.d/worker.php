<?php

/*
 * A process of processes.php. Arguments: client, transport, address as JSON. Each line of its input is a number
 * of seconds. It calls get for that long, and prints its rate and a sample of times.
 */

declare(strict_types=1);

namespace Compare;

require __DIR__ . '/servers.php';
require __DIR__ . '/clients.php';
require __DIR__ . '/rounds.php';
require __DIR__ . '/loop.php';
require __DIR__ . '/calls.php';
require __DIR__ . '/menu.php';

[, $client, $transport, $address] = $argv;
$data = Menu::data();
$call = calls()['get'];
$loop = new Loop(connect($client, $transport, json_decode($address, true)), $data, 1, $call->by[$client], check: $call->check);
echo "ready\n";
while (($line = fgets(STDIN)) !== false) {
    $round = $loop->round((float) $line);
    echo json_encode(['rate' => $round->rate, 'times' => array_slice($round->times, 0, 500)]), "\n";
}
