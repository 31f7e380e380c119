<?php

/*
 * Several PHP processes at once, as under FPM. Each runs worker.php, is started once, and reads from a pipe which
 * client to use and for how long. The rate is the sum of their rates over the same time.
 */

declare(strict_types=1);

namespace Compare;

final class Processes implements Contender
{
    /** @var list<array{resource, array<int, resource>}> */
    private array $workers = [];

    /** @param array<string, mixed> $address */
    public function __construct(int $count, string $client, string $transport, array $address)
    {
        $command = [PHP_BINARY, '-c', php_ini_loaded_file(), __DIR__ . '/worker.php', $client, $transport, json_encode($address)];
        for ($i = 0; $i < $count; $i++) {
            $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w']], $pipes);
            $this->workers[] = [$process, $pipes];
        }
        foreach ($this->workers as [, $pipes]) {
            $this->line($pipes[1]);  // it is connected
        }
    }

    public function round(float $seconds): Round
    {
        foreach ($this->workers as [, $pipes]) {
            fwrite($pipes[0], "$seconds\n");
        }
        $rate = 0.0;
        $times = [];
        foreach ($this->workers as [, $pipes]) {
            $done = json_decode($this->line($pipes[1]), true);
            $rate += $done['rate'];
            $times = array_merge($times, $done['times']);
        }
        return new Round($rate, $times);
    }

    public function __destruct()
    {
        foreach ($this->workers as [$process, $pipes]) {
            array_map(fclose(...), $pipes);  // the end of its input ends the worker
            proc_close($process);
        }
    }

    /** @param resource $pipe */
    private function line($pipe): string
    {
        $line = fgets($pipe);
        return $line !== false ? $line : throw new \RuntimeException('a worker process ended early');
    }
}

function processes_row(int $count, Servers $servers): Row
{
    $measure = function (Plan $plan) use ($count, $servers): Result {
        $makers = [];
        foreach (['tagcache', 'phpredis', 'memcached'] as $client) {
            $makers[$client] = function () use ($client, $count, $servers): Processes {
                $address = $servers->address($client, 'unix');
                $c = connect($client, 'unix', $address);  // skipped here, where it is not installed
                fill($client, $c, Menu::data()->all);
                return new Processes($count, $client, 'unix', $address);
            };
        }
        return alternate($makers, $plan);
    };
    return new Row("get unix, $count " . ($count === 1 ? 'process' : 'processes'), $measure);
}
