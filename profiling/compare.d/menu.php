<?php

/* The rows: what is measured, between whom. */

declare(strict_types=1);

namespace Compare;

final class Row
{
    /**
     * @param \Closure(Plan, list<string>|null): Result $measure with the contenders it is to be limited
     *     to, or null for all of the row
     */
    public function __construct(
        public readonly string $name,
        public readonly \Closure $measure,
        public readonly string $unit = 'keys/s',
    ) {}

    /** @return array<string, array{float, float}> contender => target and stretch */
    public function targets(): array
    {
        return TARGETS[$this->name] ?? [];
    }
}

final class Menu
{
    private const ON_A_SOCKET = ['tagcache', 'phpredis', 'memcached', 'memcached binary'];
    private const BYTES = 100;

    /** @var list<Row> */
    private array $rows = [];

    public function __construct(private Servers $servers, private Plan $plan) {}

    /** @return list<Row> */
    public function rows(): array
    {
        foreach (['tcp', 'unix'] as $on) {
            $local = $on === 'tcp' ? ['apcu'] : [];
            foreach (['get', 'set', 'delete', 'increment'] as $call) {
                $this->calls("$call $on", $call, $on, [...self::ON_A_SOCKET, ...$local]);
            }
            $this->calls("get $on, polling", 'get', $on, ['tagcache polling', 'tagcache', 'phpredis']);
            foreach ([10, 100, 1000, 10000] as $batch) {
                foreach (['mget', 'mset', 'mdelete'] as $call) {
                    $this->calls("$call $batch $on", $call, $on, [...self::ON_A_SOCKET, ...$local], batch: $batch);
                }
            }
            foreach (['16 B' => 16, '1 KB' => 1000, '16 KB' => 16000, '1 MB' => 1000000] as $size => $bytes) {
                foreach (['get', 'set'] as $call) {
                    $this->calls("$call $size $on", $call, $on, self::ON_A_SOCKET, self::filled($bytes));
                }
            }
        }
        $this->shm();
        $this->calls('mget 100 tcp, polling', 'mget', 'tcp', ['tagcache polling', 'tagcache', 'phpredis'], batch: 100);
        $this->bulkAgainstSingle();
        foreach (['get', 'set'] as $call) {
            $this->calls("$call an array", $call, 'unix', self::ON_A_SOCKET, self::record(...));
        }
        $this->calls('read, change and write a session', 'session', 'unix', self::ON_A_SOCKET, self::record(...));
        $this->calls('set with 3 tags', 'set, 3 tags', 'unix', ['tagcache', 'symfony', 'phpredis']);
        foreach ([1, 1000, 100000] as $keys) {
            $this->invalidate($keys);
        }
        foreach ([1, 2, 4, 8] as $processes) {
            $this->rows[] = processes_row($processes, $this->servers);
        }
        array_push($this->rows, ...page_rows($this->servers), ...[memory_row($this->servers), ...server_rows($this->servers)]);
        return $this->rows;
    }

    /** @param list<string> $clients */
    private function calls(string $name, string $call, string $on, array $clients, ?\Closure $value = null, int $batch = 1): void
    {
        $batch = $this->plan->count($batch, 20);
        $this->rows[] = new Row($name, function (Plan $plan, ?array $only) use ($call, $on, $clients, $value, $batch): Result {
            $data = self::data($value, $batch);
            $makers = [];
            foreach ($clients as $client) {
                $makers[$client] = fn(): Loop => $this->loop($client, $call, $on, $data, $batch);
            }
            return alternate(self::limited($makers, $only), $plan);
        });
    }

    private function shm(): void
    {
        $this->rows[] = new Row('get shm', function (Plan $plan, ?array $only): Result {
            $data = self::data(null, 1);
            return alternate(self::limited([
                'tagcache' => fn(): Loop => $this->loop('tagcache', 'get', 'shm', $data),
                'phpredis on unix' => fn(): Loop => $this->loop('phpredis', 'get', 'unix', $data),
                'apcu' => fn(): Loop => $this->loop('apcu', 'get', 'tcp', $data),
            ], $only), $plan);
        });
    }

    private function bulkAgainstSingle(): void
    {
        $this->rows[] = new Row('bulk of 1000 against single gets, a key', function (Plan $plan): Result {
            $data = self::data(null, 1000);
            return alternate([
                'bulk' => fn(): Loop => $this->loop('tagcache', 'mget', 'tcp', $data, 1000),
                'single' => fn(): Loop => $this->loop('tagcache', 'get', 'tcp', $data),
            ], $plan);
        });
    }

    /** Each call has to be prepared by writing all the keys, which takes longer than what is measured. */
    private function invalidate(int $keys): void
    {
        $this->rows[] = new Row("invalidate a tag of $keys keys", function (Plan $plan) use ($keys): Result {
            $data = self::data(null, $plan->count($keys, 100));
            $loop = fn(string $client): \Closure => fn(): Loop => $this->loop($client, 'invalidate', 'tcp', $data);
            $large = $keys >= 100000;  // its only warm-up is the call that checks it
            $plan = $plan->withRounds(!$large ? 25 : ($plan->quick ? 2 : 3));
            return alternate(['tagcache' => $loop('tagcache'), 'symfony' => $loop('symfony')], $plan, !$large);
        }, 'calls/s');
    }

    /** $client is connected, and its server holds nothing but the data. */
    public function loop(string $client, string $name, string $on, Data $data, int $keys = 1): Loop
    {
        $call = calls()[$name];
        $peer = strtok($client, ' ');
        $c = connect($client, $on, $this->servers->address($client, $on), php: is_array($data->values[0]));
        flush_all($client, $c);
        if ($name !== 'invalidate') {
            fill($client, $c, $data->all);
        }
        return new Loop($c, $data, $keys, $call->by[$peer], $call->prepare[$peer] ?? '', $call->check);
    }

    private static function limited(array $makers, ?array $only): array
    {
        return $only === null ? $makers : array_intersect_key($makers, array_flip([array_key_first($makers), ...$only]));
    }

    /** By default 1000 names and values of 100 bytes; fewer where they are large. */
    public static function data(?\Closure $value = null, int $batch = 1): Data
    {
        $value ??= self::filled(self::BYTES);
        $first = $value(0);
        $names = is_string($first) ? max(8, min(1000, intdiv(8_000_000, strlen($first)))) : 1000;
        return new Data($names, $value, $batch);
    }

    public static function filled(int $bytes): \Closure
    {
        return fn(int $i): string => str_pad((string) $i, $bytes, '.');
    }

    /** @return array<string, mixed> as an application would keep of its user or product */
    private static function record(int $i): array
    {
        return ['id' => $i, 'name' => "name $i", 'price' => $i / 4, 'stock' => null, 'active' => true,
            'labels' => ['new', 'cheap', "shop $i"], 'sizes' => range(36, 46), 'seen' => 0,
            'address' => ['street' => "Street $i", 'city' => 'Berlin', 'zip' => '10115']];
    }
}
