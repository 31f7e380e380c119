<?php

/* See profiling/against, which starts this. */

declare(strict_types=1);

namespace Against;

require __DIR__ . '/../statistics.php';
require __DIR__ . '/rows.php';

const LEAST = 0.97;

/** A server and a worker of one checkout, each on cores of its own. */
final class Contender
{
    /** @var list<resource> */
    private array $processes = [];
    /** @var array<int, resource> pipes to and from the worker */
    private array $worker = [];
    private readonly string $directory;

    public function __construct(string $checkout, string $server_core, string $worker_core)
    {
        $extension = "$checkout/out/php/modules/tagcache.so";
        is_file($extension) or throw new \RuntimeException("$checkout has no build: run script/build there");
        $this->directory = sys_get_temp_dir() . '/against-' . bin2hex(random_bytes(8));
        mkdir($this->directory, 0700);
        $socket = "$this->directory/socket";
        $pipes = $this->start(['taskset', '-c', $server_core, "$checkout/out/release/server/tagcached", '--port=0',
            '--workers=1', "--unix-socket=$socket", "--log-file=$this->directory/log", '--ready-fd=3'], [3 => ['pipe', 'w']]);
        preg_match('/^tcp (.*)$/m', stream_get_contents($pipes[3]), $tcp) or throw new \RuntimeException("$checkout: tagcached did not start");
        $this->worker = $this->start(['taskset', '-c', $worker_core, PHP_BINARY, '-n', '-d', "extension=$extension",
            __DIR__ . '/worker.php', $tcp[1], $socket], [['pipe', 'r'], ['pipe', 'w']]);
    }

    public function __destruct()
    {
        foreach (array_reverse($this->processes) as $process) {
            proc_terminate($process, SIGKILL);
            proc_close($process);
        }
        array_map(unlink(...), glob("$this->directory/*"));
        rmdir($this->directory);
    }

    /** Keys a second. */
    public function rate(string $row, float $seconds): float
    {
        fwrite($this->worker[0], "$row\t$seconds\n");
        $line = fgets($this->worker[1]);
        return $line !== false ? (float) $line : throw new \RuntimeException("$row: the worker ended");
    }

    /** @return array<int, resource> */
    private function start(array $command, array $descriptors): array
    {
        $process = proc_open($command, $descriptors, $pipes) or throw new \RuntimeException("cannot run $command[3]");
        $this->processes[] = $process;
        return $pipes;
    }
}

/** @return array{string, string} a core for the servers, the others for the workers */
function cores(): array
{
    preg_match('/: (.*)$/', trim((string) shell_exec('taskset -cp ' . getmypid())), $list);
    $cores = [];
    foreach (explode(',', $list[1]) as $part) {
        [$from, $to] = [...explode('-', $part), $part];
        array_push($cores, ...range((int) $from, (int) $to));
    }
    return [(string) $cores[0], implode(',', array_slice($cores, 1) ?: $cores)];
}

function main(string $here, array $words): int
{
    $smoke = in_array('--smoke', $words, true);
    $only = ($at = array_search('--only', $words, true)) !== false ? ($words[$at + 1] ?? '') : '';
    $there = isset($words[0]) && !str_starts_with($words[0], '--') ? $words[0] : ($smoke ? $here : null);
    if ($there === null) {
        fwrite(STDERR, "profiling/against: give the folder of the other checkout\n");
        return 2;
    }
    [$rounds, $seconds] = $smoke ? [2, 0.001] : [31, 0.03];
    $contenders = [new Contender($here, ...cores()), new Contender(realpath($there) ?: $there, ...cores())];
    printf("%d rounds of %g s, by turns\n%-26s %14s %14s  %s\n", $rounds, $seconds, 'row', 'this build', 'the other', 'ratio');
    $slower = 0;
    foreach (array_keys(rows()) as $row) {
        if (!str_contains($row, $only)) {
            continue;
        }
        $rates = [[], []];
        for ($round = -1; $round < $rounds; $round++) {
            foreach ($round % 2 === 0 ? [0, 1] : [1, 0] as $i) {
                $rate = $contenders[$i]->rate($row, $seconds);
                $round < 0 || $rates[$i][] = $rate;  // the first round warms up
            }
        }
        $ratio = paired_ratio(...$rates);
        $slower += $ratio['median'] < LEAST ? 1 : 0;
        printf("%-26s %14s %14s  %.3f (%.3f-%.3f)\n", $row, number_format(median($rates[0])), number_format(median($rates[1])), ...array_values($ratio));
    }
    printf("%d rows under %.2f\n", $slower, LEAST);
    return $slower > 0 ? 1 : 0;
}

try {
    exit(main($argv[1], array_slice($argv, 2)));
} catch (\RuntimeException $failure) {
    fwrite(STDERR, "profiling/against: {$failure->getMessage()}\n");
    exit(2);
}
