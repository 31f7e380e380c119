<?php

/*
 * Caches every record of this machine's package database under its name, tagged with its section,
 * priority, maintainer and dependencies; reads all back, one by one and in bulk, over each address
 * given; invalidates one section; and checks every step.
 *
 *   php -d extension=tagcache.so examples/package_cache.php tcp://127.0.0.1:1984 unix:///run/t.sock
 */

declare(strict_types=1);

const BULK = 1000;
const SECONDS_PER_RATE = 0.6;

/** @return array<string, array<string, mixed>> package records by name, as dpkg's status file has them */
function read_packages(string $path): array
{
    $packages = [];
    foreach (preg_split('/\n{2,}/', trim(file_get_contents($path))) as $paragraph) {
        $fields = [];
        $last = null;
        foreach (explode("\n", $paragraph) as $line) {
            if ($line !== '' && ($line[0] === ' ' || $line[0] === "\t")) {
                $fields[$last] .= "\n" . $line;
                continue;
            }
            [$last, $value] = array_pad(explode(':', $line, 2), 2, '');
            $fields[$last] = trim($value);
        }
        $name = $fields['Package'];
        $packages[isset($packages[$name]) ? "$name:{$fields['Architecture']}" : $name] = [
            'name' => $name,
            'version' => $fields['Version'] ?? null,
            'section' => $fields['Section'] ?? 'unknown',
            'priority' => $fields['Priority'] ?? 'unknown',
            'maintainer' => $fields['Maintainer'] ?? 'unknown',
            'essential' => ($fields['Essential'] ?? 'no') === 'yes',
            'installed_bytes' => 1024 * (int) ($fields['Installed-Size'] ?? 0),
            'installed_mib' => (int) ($fields['Installed-Size'] ?? 0) / 1024.0,
            'depends' => dependency_names($fields['Depends'] ?? ''),
            'description' => $fields['Description'] ?? '',
        ];
    }
    return $packages;
}

/** @return array<string, array<string, mixed>> the headers installed, where there is no dpkg */
function read_headers(): array
{
    $headers = [];
    $files = new RecursiveIteratorIterator(new RecursiveDirectoryIterator('/usr/include', FilesystemIterator::SKIP_DOTS));
    foreach ($files as $path => $file) {
        if (!$file->isFile() || $file->getExtension() !== 'h') {
            continue;
        }
        $text = file_get_contents($path);
        preg_match_all('/^\s*#\s*include\s*[<"]([^>"]{1,200})[>"]/m', $text, $includes);
        $headers[$path] = [
            'name' => $path,
            'section' => explode('/', $path)[3] ?? 'include',
            'priority' => $file->getSize() > 16384 ? 'large' : 'small',
            'maintainer' => "uid {$file->getOwner()}",
            'depends' => array_values(array_unique($includes[1])),
            'description' => $text,
        ];
    }
    return $headers;
}

/** @return list<string> */
function dependency_names(string $depends): array
{
    preg_match_all('/(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)/', $depends, $matches);
    return array_values(array_unique($matches[1]));
}

/** @return list<string> */
function tags_of(array $record): array
{
    return [
        "section:{$record['section']}",
        "priority:{$record['priority']}",
        "maintainer:{$record['maintainer']}",
        ...array_map(fn(string $name): string => "depends:$name", $record['depends']),
    ];
}

function expect(bool $holds, string $claim): void
{
    if (!$holds) {
        fwrite(STDERR, "FAILED: $claim\n");
        exit(1);
    }
}

/** Compares type by type: === on arrays compares order, types and values all the way down. */
function expect_all(array $wanted, array $got, string $how): void
{
    foreach ($wanted as $name => $record) {
        expect(array_key_exists($name, $got), "$how: $name is there");
        expect($got[$name] === $record, "$how: $name came back as it went");
    }
    expect(count($got) === count($wanted), "$how: nothing else came back");
}

/** Runs $round, which reports how many operations it did, again and again. @return float a second */
function rate(callable $round): float
{
    $done = 0;
    $start = hrtime(true);
    do {
        $done += $round();
        $seconds = (hrtime(true) - $start) / 1e9;
    } while ($seconds < SECONDS_PER_RATE);
    return $done / $seconds;
}

/** Writes, reads and compares everything over one address. @return array<string, float> rates */
function round_trip(TagCache $cache, array $records, string $how): array
{
    $cache->flush();
    foreach ($records as $name => $record) {
        expect($cache->set((string) $name, $record, tags_of($record)), "$how: set $name");
    }
    $read = [];
    foreach ($records as $name => $_) {
        $value = $cache->get((string) $name);
        expect($value !== null, "$how: get $name");
        $read[$name] = $value;
    }
    expect_all($records, $read, "$how, one by one");

    $read = [];
    foreach (array_chunk(array_keys($records), BULK) as $names) {
        $read += $cache->mGet($names);
    }
    expect_all($records, $read, "$how, in bulk");

    $texts = array_map(fn(array $record): string => $record['description'], $records);
    $names = array_keys($texts);
    $chunks = array_chunk($names, BULK);
    $items = array_chunk($texts, BULK, true);
    $prefixed = fn(array $chunk): array => array_combine(array_map(fn($n) => "text:$n", array_keys($chunk)), $chunk);
    $items = array_map($prefixed, $items);
    foreach ($items as $chunk) {
        expect($cache->mSet($chunk) === count($chunk), "$how: mSet stores each item");
    }
    $rates = [
        'single get' => rate(function () use ($cache, $names): int {
            foreach ($names as $name) {
                $cache->get("text:$name");
            }
            return count($names);
        }),
        'bulk get' => rate(function () use ($cache, $items): int {
            $count = 0;
            foreach ($items as $chunk) {
                $count += count($cache->mGet(array_keys($chunk)));
            }
            return $count;
        }),
        'single set' => rate(function () use ($cache, $texts): int {
            foreach ($texts as $name => $text) {
                $cache->set("text:$name", $text);
            }
            return count($texts);
        }),
        'bulk set' => rate(function () use ($cache, $items): int {
            return array_sum(array_map(fn(array $chunk): int => $cache->mSet($chunk), $items));
        }),
    ];
    expect($cache->mDelete(array_merge(...array_map('array_keys', $items))) === count($texts), "$how: mDelete counts each key");
    return $rates;
}

/** Invalidates the largest section that is less than half of all. @return array{string, int} its name and size */
function invalidate_a_section(TagCache $cache, array $records): array
{
    $sizes = array_count_values(array_column($records, 'section'));
    arsort($sizes);
    $smaller = array_filter($sizes, fn(int $size): bool => $size < count($records) / 2);
    $section = (string) array_key_first($smaller ?: $sizes);
    $keep = array_filter($records, fn(array $record): bool => $record['section'] !== $section);
    $gone = array_diff_key($records, $keep);

    $listed = $cache->keysByTag("section:$section");
    sort($listed);
    $names = array_map('strval', array_keys($gone));
    sort($names);
    expect($listed === $names, "keysByTag lists the members of section $section");
    expect($cache->invalidateTag("section:$section") === count($gone), "invalidateTag counts the members of section $section");
    foreach ($gone as $name => $_) {
        expect($cache->get((string) $name) === null && !$cache->has((string) $name), "$name is gone with its section");
    }
    expect_all($keep, $cache->mGet(array_keys($records)), 'after the invalidation');
    return [$section, count($gone)];
}

$addresses = array_slice($argv, 1);
if ($addresses === []) {
    fwrite(STDERR, "usage: php examples/package_cache.php ADDRESS...\n");
    exit(2);
}
$status = '/var/lib/dpkg/status';
$records = is_readable($status) ? read_packages($status) : read_headers();
$tags = count(array_unique(array_merge(...array_map('tags_of', array_values($records)))));

$rates = [];
$started = hrtime(true);
foreach ($addresses as $address) {
    $cache = new TagCache($address . '?timeout_ms=5000');
    $rates[explode(':', $address)[0]] = round_trip($cache, $records, $address);
}
[$section, $members] = invalidate_a_section($cache, $records);
$stats = $cache->stats();
$cache->close();

$line = fn(string $left, string $right): string => sprintf("  %-34s %s\n", $left, $right);
$number = fn(int|float $n): string => number_format((float) $n, 0, '.', ',');
echo "\n";
echo $line('records cached, read and compared', $number(count($records)) . ' under ' . $number($tags) . ' tags, over ' . implode(' and ', array_keys($rates)));
echo $line("section '$section' invalidated", $number($members) . ' gone, ' . $number(count($records) - $members) . ' kept, none wrong');
echo "\n";
echo '  operations a second      ' . implode('', array_map(fn(string $how): string => sprintf('%14s', $how), array_keys($rates))) . "\n";
foreach (array_keys(reset($rates)) as $what) {
    echo sprintf('  %-25s', str_replace('bulk', 'keys in bulk', $what));
    foreach ($rates as $of) {
        echo sprintf('%14s', $number($of[$what]));
    }
    echo "\n";
}
foreach (['get', 'set'] as $what) {
    echo sprintf('  %-25s', "bulk over single, $what");
    foreach ($rates as $of) {
        echo sprintf('%13.1fx', $of["bulk $what"] / $of["single $what"]);
    }
    echo "\n";
}
echo "\n  the server's own count\n";
foreach (['items', 'tags', 'memory', 'hits', 'misses', 'puts', 'invalidations', 'bytes_in', 'bytes_out', 'connections'] as $name) {
    if (isset($stats[$name])) {
        echo sprintf("  %-25s%14s\n", "  $name", $number($stats[$name]));
    }
}
echo sprintf("\n  all as it should be, in %.1f s\n\n", (hrtime(true) - $started) / 1e9);
