<?php

/*
 * One call in a loop, in this process. The call is PHP source (calls.php), and the loop is compiled around it:
 * a closure or a method between the loop and the client would take a tenth of the time of the fastest
 * calls. Each round is a plain loop, which gives the rate, and a shorter one that
 * reads the clock around each call, which gives the percentiles. A call that needs preparing is
 * measured by the second loop alone, which does not time the preparation.
 */

declare(strict_types=1);

namespace Compare;

/** What the calls are about. In a call $k and $v are the next name and value; all else is as here. */
final class Data
{
    /** @var list<string> item.0 and so on by default: without a colon, which Symfony reserves */
    public readonly array $names;
    public readonly array $values;
    /** @var array<string, mixed> names to values */
    public readonly array $all;
    /** @var array<string, mixed> the first $batch of them: $items, and their names, $keys */
    public readonly array $items;
    public readonly array $keys;

    /**
     * @param \Closure(int): mixed $value of the number of a name
     * @param string $name printed with that number
     */
    public function __construct(int $names, \Closure $value, int $batch = 1, string $name = 'item.%d')
    {
        $numbers = range(0, max($names, $batch) - 1);
        $this->names = array_map(fn(int $i): string => sprintf($name, $i), $numbers);
        $this->values = array_map($value, $numbers);
        $this->all = array_combine($this->names, $this->values);
        $this->items = array_slice($this->all, 0, $batch);
        $this->keys = array_keys($this->items);
    }
}

final class Loop implements Contender
{
    private const HEAD = 'return static function (?object $c, Compare\Data $data, int $from, int $calls, array &$times): int {
        [$names, $values, $items, $keys] = [$data->names, $data->values, $data->items, $data->keys];
        $count = count($names);
        $tags = ["tag.1", "tag.2", "tag.3"];';

    private \Closure $timed;
    private ?\Closure $plain = null;
    private int $at = 0;
    private int $chunk = 1;

    public function __construct(
        private readonly ?object $c,
        private readonly Data $data,
        private readonly int $keys,
        string $call,
        string $prepare = '',
        string $check = '',
    ) {
        $next = 'for ($i = $from; $i < $from + $calls; $i++) { $k = $names[$i % $count]; $v = $values[$i % $count];';
        $this->timed = eval(self::HEAD . "\$sum = 0; $next $prepare; \$start = hrtime(true); $call;
            \$took = hrtime(true) - \$start; \$times[] = \$took; \$sum += \$took; } return \$sum; };");
        if ($prepare === '') {
            $this->plain = eval(self::HEAD . "\$start = hrtime(true); $next $call; } return hrtime(true) - \$start; };");
        }
        if ($check !== '') {
            $this->check($call, $prepare, $check);
        }
    }

    public function round(float $seconds): Round
    {
        $times = [];
        if ($this->plain === null) {
            return new Round($this->repeat($this->timed, $seconds, $times), $times);
        }
        $rate = $this->repeat($this->plain, $seconds, $times);
        $this->repeat($this->timed, $seconds / 5, $times);
        return new Round($rate, $times);
    }

    /** Keys a second. Chunks grow until one takes a tenth of the time, so that the clock is read seldom. */
    private function repeat(\Closure $loop, float $seconds, array &$times): float
    {
        $calls = $took = 0;
        $end = hrtime(true) + $seconds * 1e9;
        do {
            $chunk_took = $loop($this->c, $this->data, $this->at, $this->chunk, $times);
            $this->at += $this->chunk;
            $calls += $this->chunk;
            $took += $chunk_took;
            if ($chunk_took < $seconds * 5e7) {
                $this->chunk *= 2;
            } elseif ($chunk_took > $seconds * 4e8) {
                $this->chunk = max(1, intdiv($this->chunk, 2));
            }
        } while (hrtime(true) < $end);
        return $calls * $this->keys / ($took / 1e9);
    }

    /** Called once, before anything is measured: it is an error if a client does not do what the row says. */
    private function check(string $call, string $prepare, string $check): void
    {
        $once = eval(self::HEAD . "\$k = \$names[0]; \$v = \$values[0]; $prepare; \$r = $call; return (int) ($check); };");
        $times = [];
        if ($once($this->c, $this->data, 0, 1, $times) !== 1) {
            throw new \RuntimeException("not so: $check, after $call");
        }
    }
}
