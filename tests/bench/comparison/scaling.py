"""What an operation costs, from 10 to 1,000,000 of what there is of its kind: a picture with two logarithmic axes."""

import html
import math
import statistics

from comparison import runner

THINGS = {
    "processes": "a call to any of so many servers",
    "children": "start_child and terminate_child beside so many",
    "ends": "a significant child of so many ends, up to the supervisor's end",
    "deaths": "one of so many children, all dead when their supervisor stops",
    "orphans": "one of so many children of a killed supervisor, ended and restarted",
    "names": "register, whereis, unregister beside so many names",
    "timers": "start and cancel beside so many timers",
    "monitors": "monitor, demonitor and a call to one that so many monitor",
    "messages": "a call with so many messages in the queue",
}
COLOURS = ("#2e7d32", "#1565c0", "#c62828", "#6a1b9a", "#ef6c00", "#00838f", "#6d4c41", "#546e7a", "#ad1457")
# How much more than among the fewest is no growth: caches are a fact.
FLAT = 4


def measure(counts, size, repetitions, seed):
    """{thing: {count: nanoseconds}}, medians; and what failed."""
    values, failures = {}, {}
    for repetition in range(repetitions):
        for count in counts:
            for thing in THINGS:
                command = [runner.program("scaling"), "--size", size, "--seed", str(seed + repetition), "--count", str(count),
                           f"scaling_{thing}"]
                try:
                    for record in runner.run_once(command, 300):
                        values.setdefault(thing, {}).setdefault(count, []).append(float(record["value"]))
                except RuntimeError as fault:
                    failures[thing, count] = str(fault)
    return {thing: {count: statistics.median(those) for count, those in of.items()} for thing, of in values.items()}, failures


def growth(of):
    """How many times as much as with the fewest the most expensive is."""
    return max(of.values()) / of[min(of)]


def text(values):
    counts = sorted({count for of in values.values() for count in of})
    width = 2 + max(len(f"{thing}: {THINGS[thing]}") for thing in values)
    lines = ["nanoseconds an operation".ljust(width) + "".join(f"{count:>12,}" for count in counts) + "    growth"]
    for thing, of in values.items():
        cells = "".join(f"{of[count]:>12,.0f}" if count in of else " " * 12 for count in counts)
        mark = "" if growth(of) <= FLAT else "  NOT FLAT"
        lines.append(f"{thing}: {THINGS[thing]}".ljust(width) + cells + f"{growth(of):>9.1f}×{mark}")
    return "\n".join(lines) + "\n"


def svg(values, about):
    width, height, left, right, top, bottom = 900, 520, 70, 250, 50, 50
    counts = sorted({count for of in values.values() for count in of})
    all_values = [value for of in values.values() for value in of.values()]
    first, last = math.log10(counts[0]), math.log10(counts[-1]) if len(counts) > 1 else math.log10(counts[0]) + 1
    low, high = math.floor(math.log10(min(all_values))), math.ceil(math.log10(max(all_values)))
    high = max(high, low + 1)

    def x(count):
        return left + (math.log10(count) - first) / (last - first) * (width - left - right)

    def y(value):
        return height - bottom - (math.log10(value) - low) / (high - low) * (height - top - bottom)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
             f'<rect width="{width}" height="{height}" fill="#fff"/>',
             f'<text x="{left}" y="22" font-size="16">Nanoseconds an operation, by how many there are</text>',
             f'<text x="{left}" y="40" fill="#666">{html.escape(about)}</text>']
    for count in counts:
        parts.append(f'<path d="M{x(count):.1f} {top}V{height - bottom}" stroke="#ddd"/>'
                     f'<text x="{x(count):.1f}" y="{height - bottom + 20}" text-anchor="middle">{count:,}</text>')
    for power in range(low, high + 1):
        parts.append(f'<path d="M{left} {y(10 ** power):.1f}H{width - right}" stroke="#ddd"/>'
                     f'<text x="{left - 8}" y="{y(10 ** power) + 4:.1f}" text-anchor="end">{10 ** power:,}</text>')
    ends = sorted((y(of[max(of)]), thing) for thing, of in values.items())
    places, above = {}, 0.0
    for place, thing in ends:
        above = places[thing] = max(place, above + 16)
    for (thing, of), colour in zip(values.items(), COLOURS):
        points = " ".join(f"{x(count):.1f},{y(value):.1f}" for count, value in sorted(of.items()))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="{width - right + 10}" y="{places[thing] + 4:.1f}" fill="{colour}">'
                     f"{thing}, grows {growth(of):.1f}×</text>")
    return "\n".join(parts) + "\n</svg>\n"
