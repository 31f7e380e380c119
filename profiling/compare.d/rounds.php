<?php

/*
 * Rounds alternate: A B A B ... A contender is one client that does one thing. The first contender of a row is
 * ours, and each ratio compares its round with another's round of the same turn.
 */

declare(strict_types=1);

namespace Compare;

/** What one round came to: keys (or what the row counts) a second, and what single calls took. */
final class Round
{
    /** @param list<int> $times nanoseconds of each call that was timed; may be empty */
    public function __construct(public readonly float $rate, public readonly array $times = []) {}
}

interface Contender
{
    /** For about so long, at least once. */
    public function round(float $seconds): Round;
}

/** How long and how often. */
final class Plan
{
    public function __construct(
        public readonly int $rounds,
        public readonly float $seconds,
        public readonly bool $quick = false,
        public readonly bool $smoke = false,
    ) {}

    /** Tiny counts in a smoke run. */
    public function count(int $count, int $smoke): int
    {
        return $this->smoke ? min($count, $smoke) : $count;
    }

    public function withRounds(int $rounds): self
    {
        return new self(min($rounds, $this->rounds), $this->seconds, $this->quick, $this->smoke);
    }
}

/** What was measured of a row, by contender. */
final class Result
{
    /** @var array<string, list<float>> what a round came to */
    public array $rates = [];
    /** @var array<string, list<int>> nanoseconds */
    public array $times = [];
    /** @var array<string, string> contender => why it was left out */
    public array $skipped = [];

    /** $ours: the contender that the others are compared with */
    public function __construct(public readonly string $ours) {}
}

/**
 * Runs fewer rounds than planned, but at least three, if calls are so slow or the machine is so busy that the
 * row would take twice as long as planned.
 *
 * @param array<string, \Closure(): Contender> $makers by label; one that throws Skipped is left out
 */
function alternate(array $makers, Plan $plan, bool $warm_up = true): Result
{
    $result = new Result((string) array_key_first($makers));
    $contenders = [];
    foreach ($makers as $label => $make) {
        try {
            $contenders[$label] = $make();
        } catch (Skipped $why) {
            $result->skipped[$label] = $why->getMessage();
        }
    }
    foreach ($warm_up ? $contenders : [] as $contender) {
        $contender->round($plan->seconds / 2);
    }
    $deadline = microtime(true) + 2.4 * count($contenders) * $plan->rounds * $plan->seconds;
    for ($round = 0; $round < $plan->rounds && ($round < 3 || microtime(true) < $deadline); $round++) {
        foreach ($contenders as $label => $contender) {
            $done = $contender->round($plan->seconds);
            $result->rates[$label][] = $done->rate;
            $result->times[$label] = array_merge($result->times[$label] ?? [], $done->times);
        }
    }
    return $result;
}
