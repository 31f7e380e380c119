<?php

/*
 * The measured servers. Each is started when a row first needs it, on a free loopback port and a Unix socket in
 * a directory of this run. All run on the same cores, and are stopped by their process ids. setpriv makes the
 * kernel end them when this process ends in any other way.
 */

declare(strict_types=1);

namespace Compare;

/** What is not installed, or not in this build. The row or the contender is left out, and named. */
final class Skipped extends \Exception {}

final class Server
{
    /** @param resource $process */
    public function __construct(
        public readonly int $pid,
        public readonly int $port,
        public readonly string $socket,
        private $process,
    ) {}

    /** CPU time of all its threads so far, in seconds. */
    public function cpuSeconds(): float
    {
        $nanoseconds = 0;
        foreach (glob("/proc/{$this->pid}/task/*/schedstat") as $file) {
            $nanoseconds += (int) file_get_contents($file);
        }
        return $nanoseconds / 1e9;
    }

    public function running(): bool
    {
        return proc_get_status($this->process)['running'];
    }

    public function stop(): void
    {
        proc_terminate($this->process);
        proc_close($this->process);
    }
}

final class Servers
{
    /** @var array<string, Server> */
    private array $running = [];

    public function __construct(public readonly string $directory, public readonly string $build, public readonly string $cpu) {}

    /** $transport: memcached alone has a process for each, as it listens on one of them only. */
    public function get(string $name, string $transport = 'tcp'): Server
    {
        $id = $name === 'memcached' ? "$name-$transport" : $name;
        return $this->running[$id] ?? $this->start($name, $id, $transport);
    }

    public function stopAll(): void
    {
        foreach ($this->running as $server) {
            $server->stop();
        }
        $this->running = [];
    }

    /** @return array<string, mixed> where a client of clients.php finds its server; empty: it has none */
    public function address(string $client, string $transport): array
    {
        if (($name = server_of($client)) === null) {
            return [];
        }
        $server = $this->get($name, $transport);
        return ['host' => '127.0.0.1', 'port' => $server->port, 'socket' => $server->socket];
    }

    /** Any program that serves at an address; on the cores of the clients where $cpu is not given. */
    public function launch(string $id, array $command, string $address, string $question = '', ?string $cpu = null,
        int $port = 0, string $socket = ''): Server
    {
        !isset($this->running[$id]) or throw new \LogicException("$id runs already");  // it would never be stopped
        $log = ['file', "{$this->directory}/$id.log", 'a'];
        $command = ['setpriv', '--pdeathsig', 'KILL', ...($cpu === null ? [] : ['taskset', '-c', $cpu]), ...$command];
        $process = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes);
        $server = $this->running[$id] = new Server(proc_get_status($process)['pid'], $port, $socket, $process);
        $this->await($server, $id, $address, $question);
        return $server;
    }

    private function start(string $name, string $id, string $transport): Server
    {
        $port = self::freePort();
        $socket = "{$this->directory}/$id.sock";
        $command = match ($name) {
            'redis' => [self::program('redis-server'), '--port', "$port", '--bind', '127.0.0.1', '--unixsocket',
                $socket, '--save', '', '--appendonly', 'no', '--io-threads', '1', '--dir', $this->directory],
            'memcached' => [self::program('memcached'), '-t', '1', '-m', '1024', '-I', '8m', '-u', self::user(),
                ...($transport === 'unix' ? ['-s', $socket] : ['-l', '127.0.0.1', '-p', "$port", '-U', '0'])],
            'tagcached' => ["{$this->build}/server/tagcached", "--port=$port", '--workers=1', "--unix-socket=$socket"],
        };
        $question = ['redis' => "PING\r\n", 'memcached' => "version\r\n", 'tagcached' => "STATS\n"][$name];
        $address = $id === 'memcached-unix' ? "unix://$socket" : "tcp://127.0.0.1:$port";
        return $this->launch($id, $command, $address, $question, $this->cpu, $port, $socket);
    }

    /** Returns once the server answers; throws when it has ended, or does not answer for 10 seconds. */
    private function await(Server $server, string $id, string $address, string $question): void
    {
        $deadline = microtime(true) + 10;
        while ($server->running() && microtime(true) < $deadline) {
            $stream = @stream_socket_client($address, $errno, $error, 1);
            if ($stream !== false) {
                stream_set_timeout($stream, 1);
                if ($question === '' || (fwrite($stream, $question) && (string) fgets($stream) !== '')) {
                    return;
                }
            }
            usleep(2000);
        }
        throw new \RuntimeException("$id did not start: " . file_get_contents("{$this->directory}/$id.log"));
    }

    public static function program(string $name): string
    {
        foreach ([...explode(':', getenv('PATH')), '/usr/sbin'] as $directory) {
            if (is_executable("$directory/$name")) {
                return "$directory/$name";
            }
        }
        throw new Skipped("$name is not installed");
    }

    public static function freePort(): int
    {
        $listener = stream_socket_server('tcp://127.0.0.1:0');
        return (int) substr(strrchr(stream_socket_get_name($listener, false), ':'), 1);
    }

    public static function user(): string
    {
        return trim((string) shell_exec('id -un'));
    }
}
