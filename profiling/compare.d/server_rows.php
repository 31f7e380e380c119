<?php

/*
 * Throughput of the servers by themselves. Each runs under its own load generator (tagcache-bench,
 * redis-benchmark, memcslap) with 50 connections that get values of 100 bytes. The generators differ in cost and
 * share few cores with the server. So the figure is the number of keys found, by the server's own count,
 * divided by the CPU time of the server alone. That includes the kernel's network work for the server.
 */

declare(strict_types=1);

namespace Compare;

final class ServerLoad implements Contender
{
    /**
     * @param \Closure(): int $hits keys that the server has found so far
     * @param \Closure(float): list<string> $command the generator, for so many seconds
     */
    public function __construct(private Server $server, private \Closure $hits, private \Closure $command) {}

    public function round(float $seconds): Round
    {
        [$hits, $cpu] = [($this->hits)(), $this->server->cpuSeconds()];
        $process = proc_open(($this->command)($seconds), [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w']], $pipes);
        $status = proc_close($process);
        [$hits, $cpu] = [($this->hits)() - $hits, $this->server->cpuSeconds() - $cpu];
        if ($status !== 0 || $hits <= 0) {
            throw new \RuntimeException("a load generator failed: exit status $status, $hits keys found");
        }
        return new Round($hits / $cpu);
    }
}

/** @return list<Row> */
function server_rows(Servers $servers): array
{
    $row = fn(string $name, int $at_once, array $generators): Row => new Row($name, function (Plan $plan) use ($servers, $at_once, $generators): Result {
        $makers = [];
        foreach ($generators as $label => $generator) {
            $makers[$label] = fn(): ServerLoad => $generator($servers, $at_once);
        }
        $plan = new Plan($plan->quick ? 3 : $plan->rounds, $plan->smoke ? 0.05 : ($plan->quick ? 0.2 : 0.4), $plan->quick, $plan->smoke);
        return alternate($makers, $plan->withRounds($plan->smoke ? 1 : $plan->rounds));
    }, 'keys/CPU s');
    return [
        $row('server, 50 connections', 1, ['tagcached' => load_tagcached(...), 'redis' => load_redis(...),
            'memcached' => load_memcached(...)]),
        $row('server, 50 connections, 100 at once', 100, ['tagcached' => load_tagcached(...), 'redis' => load_redis(...)]),
    ];
}

/** Several keys at once are a bulk call: that is how TagCache's clients send them. */
function load_tagcached(Servers $servers, int $at_once): ServerLoad
{
    $bench = "{$servers->build}/tools/tagcache-bench";
    is_executable($bench) or throw new Skipped('tagcache-bench is not built');
    $server = $servers->get('tagcached');
    $c = connect('tagcache', 'tcp', $servers->address('tagcache', 'tcp'));
    $command = fn(float $seconds): array => [$bench, "--server=tcp://127.0.0.1:{$server->port}", '--connections=50',
        '--threads=1', '--depth=1', "--batch=$at_once", '--mix=get=1', '--keys=1000', '--value-size=100',
        "--seconds=$seconds", '--warmup=0', '--json', '--quiet'];
    return new ServerLoad($server, fn(): int => (int) $c->stats()['hits'], $command);
}

/** Several keys at once are pipelined gets: redis-benchmark has no MGET. */
function load_redis(Servers $servers, int $at_once): ServerLoad
{
    $bench = Servers::program('redis-benchmark');
    $server = $servers->get('redis');
    $c = connect('phpredis', 'tcp', $servers->address('phpredis', 'tcp'));
    $c->flushAll();
    for ($i = 0; $i < 1000; $i++) {  // redis-benchmark's names
        $c->set(sprintf('key:%012d', $i), str_repeat('v', 100));
    }
    $command = fn(float $seconds): array => [$bench, '-h', '127.0.0.1', '-p', "{$server->port}", '-c', '50', '-t', 'get',
        '-P', "$at_once", '-r', '1000', '-n', (string) (int) ($seconds * ($at_once > 1 ? 600000 : 60000)), '-q'];
    return new ServerLoad($server, fn(): int => (int) $c->info('stats')['keyspace_hits'], $command);
}

function load_memcached(Servers $servers): ServerLoad
{
    try {
        $bench = Servers::program('memcslap');
    } catch (Skipped) {
        throw new Skipped('memcslap (libmemcached-tools) is not installed');
    }
    $server = $servers->get('memcached');
    $c = connect('memcached', 'tcp', $servers->address('memcached', 'tcp'));
    $command = fn(float $seconds): array => [$bench, "--servers=127.0.0.1:{$server->port}", '--concurrency=50', '--test=get',
        '--initial-load=100', '--tcp-nodelay', '--execute-number=' . max(1, (int) ($seconds * 1000))];
    return new ServerLoad($server, fn(): int => (int) current($c->getStats())['get_hits'], $command);
}
