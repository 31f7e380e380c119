<?php

/*
 * Draws the ratios as an SVG: a bar for each row and contender on a logarithmic axis, the quartiles as a line
 * through its end, the target as a mark. Left of 1 our figure is the lower one.
 */

declare(strict_types=1);

namespace Compare;

const PLOT_COLOURS = ['phpredis' => '#c0392b', 'memcached' => '#27793f', 'symfony' => '#333333', 'apcu' => '#8e6bbf'];

function plot(array $all): string
{
    $bars = [];
    foreach ($all as $figures) {
        foreach ($figures['contenders'] as $label => $contender) {
            if ($contender['ratio'] !== null) {
                $bars[] = [$figures['row'], $label, $contender['ratio'], $figures['targets'][$label]['target'] ?? null];
            }
        }
    }
    [$left, $width, $line] = [430, 640, 16];
    $height = count($bars) * $line + 60;
    $x = fn(float $ratio): float => $left + $width * (log10(max(0.01, min(10000, $ratio))) + 2) / 6;
    $svg = '<svg xmlns="http://www.w3.org/2000/svg" width="' . ($left + $width + 60) . "\" height=\"$height\" " .
        "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    foreach ([0.01, 0.1, 1, 10, 100, 1000, 10000] as $tick) {
        $svg .= sprintf("<path d=\"M%.1f 24V%d\" stroke=\"%s\"/><text x=\"%.1f\" y=\"18\" text-anchor=\"middle\">%s</text>\n",
            $x($tick), $height - 20, $tick === 1 ? '#000' : '#ddd', $x($tick), $tick);
    }
    foreach ($bars as $i => [$row, $label, $ratio, $target]) {
        $y = 32 + $i * $line;
        [$from, $to] = [min($x(1), $x($ratio['median'])), max($x(1), $x($ratio['median']))];
        $svg .= sprintf("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", $left - 8, $y + 9,
            htmlspecialchars("$row, against $label"));
        $svg .= sprintf("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"10\" fill=\"%s\" fill-opacity=\"0.75\"/>",
            $from, $y, max(1, $to - $from), PLOT_COLOURS[strtok($label, ' ')] ?? '#2c6fb0');
        $svg .= sprintf("<path d=\"M%.1f %.1fH%.1f\" stroke=\"#000\"/>", $x($ratio['low']), $y + 5, $x($ratio['high']));
        if ($target !== null) {
            $svg .= sprintf("<path d=\"M%.1f %.1fv14\" stroke=\"#e69f00\" stroke-width=\"3\"/>", $x($target), $y - 2);
        }
        $svg .= sprintf("<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", $x(max($ratio['high'], 1)) + 6, $y + 9, ratio($ratio['median']));
    }
    return $svg . "</svg>\n";
}
