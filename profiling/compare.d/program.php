<?php

/* What the programs that peers.sh runs have in common: their arguments, and how they end. */

declare(strict_types=1);

namespace Compare;

/** The arguments are not such as the program takes. */
final class UsageError extends \Exception {}

/**
 * @param list<string> $words
 * @return array{Plan, string, bool} the plan, what row names must contain, whether to print JSON
 */
function arguments(array $words, Plan $quick, Plan $plan): array
{
    $smoke = fn(bool $quick): Plan => new Plan(2, 0.0005, $quick, smoke: true);
    $only = '';
    $json = false;
    while (($word = array_shift($words)) !== null) {
        match (true) {
            $word === '--quick' => $plan = $plan->smoke ? $smoke(true) : $quick,
            $word === '--smoke' => $plan = $smoke($plan->quick),
            $word === '--json' => $json = true,
            $word === '--only' && $words !== [] => $only = array_shift($words),
            str_starts_with($word, '--only=') => $only = substr($word, 7),
            default => throw new UsageError("'$word' is not --quick, --smoke, --only ROW, --json, --awake or --cores=apart, same or any"),
        };
    }
    return [$plan, $only, $json];
}

/**
 * Exits with the status that $main returns, or with 2 and a message if it throws. The servers end first.
 *
 * @param \Closure(list<string>, Servers): int $main is given the arguments
 */
function run_program(string $name, \Closure $main): never
{
    pcntl_async_signals(true);
    foreach ([SIGINT, SIGTERM] as $signal) {
        pcntl_signal($signal, fn() => throw new \RuntimeException('interrupted'));
    }
    $servers = new Servers(getenv('COMPARE_DIR'), getenv('COMPARE_BUILD'), getenv('COMPARE_SERVER_CPUS'));
    try {
        try {
            $status = $main(array_slice($_SERVER['argv'], 1), $servers);
        } finally {
            $servers->stopAll();
        }
    } catch (UsageError $wrong) {
        fwrite(STDERR, "$name: {$wrong->getMessage()}\n");
        $status = 2;
    } catch (\Throwable $failure) {
        fwrite(STDERR, "\n$name: {$failure->getMessage()} ({$failure->getFile()}:{$failure->getLine()})\n");
        $status = 2;
    }
    exit($status);
}
