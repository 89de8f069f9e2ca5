"""Control charts on simulated series: false alarms, dates of steps, coverage of drifts.

    python benchmarks/bench_quality.py [--seeds 1000] [--limits] [--write]

Clean series are independent Gaussian noise, also with unequal errors and unequal spacing.
Steps and drifts begin at a random time. `--limits` simulates the limits of chartlimits.py
again and prints them; `--write` puts the table into RESULTS.md, section "Data quality".
"""

import argparse
import platform
import time
from pathlib import Path

import numpy as np
import polars as pl

from orbital_kernel.science.counting import wilson_interval
from orbital_kernel.science.quality import chart
from orbital_kernel.science.quality.chartlimits import PROBABILITIES, SAMPLES
from orbital_kernel.science.quality.dating import (
    FINE,
    FINE_UP_TO,
    LEAST_SEGMENT,
    MAD_TO_SIGMA,
    WINSOR_SIGMA,
)

START = np.datetime64("2020-01-01", "ns")
DAY_NS = 86_400_000_000_000
RESULTS = Path(__file__).parent / "RESULTS.md"
HEADING = "## Data quality"


def series(values, days=None, errors=None):
    """Return samples, daily by default."""
    days = np.arange(len(values)) if days is None else days
    frame = pl.DataFrame(
        {"time": START + (days * DAY_NS).astype("timedelta64[ns]"), "value": values}
    )
    return frame if errors is None else frame.with_columns(pl.Series("error", errors))


def false_alarms(seeds, samples, rate, *, uneven=False):
    """Return how many clean series alarm."""
    alarms = 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, samples, uneven])
        noise, days, errors = rng.normal(size=samples), None, None
        if uneven:
            errors = rng.lognormal(0, 0.5, samples)
            noise, days = noise * errors, np.sort(rng.uniform(0, samples, samples))
        alarms += chart(series(noise, days, errors), false_alarm=rate).alarm
    return alarms


def steps(seeds, samples, size):
    """Return how many steps are found, dated within a sample, and inside their interval."""
    found = dated = covered = 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, samples, 7])
        at = int(rng.integers(8, samples - 8))
        values = rng.normal(size=samples) + size * (np.arange(samples) >= at)
        change = chart(series(values)).change
        if change is None:
            continue
        true = START.astype(np.int64) + at * DAY_NS
        found += 1
        dated += abs(change.since - true) <= DAY_NS
        covered += change.low <= true <= change.high
    return found, dated, covered


def drifts(seeds, samples, total):
    """Return how many drifts are found, recognised, and inside their interval."""
    found = recognised = covered = 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, samples, 11])
        at = rng.uniform(0.2, 0.6) * samples
        slope = total / (samples - at)
        values = rng.normal(size=samples)
        values += slope * np.maximum(np.arange(samples) - at, 0)
        change = chart(series(values)).change
        if change is None:
            continue
        true = START.astype(np.int64) + round(at * DAY_NS)
        found += 1
        recognised += change.kind == "drift"
        covered += change.kind == "drift" and change.low <= true <= change.high
    return found, recognised, covered


def table(seeds):
    """Yield the lines of the table."""
    yield "| simulated | series | alarms or found | dated | inside the 95 % interval |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for samples in (30, 100, 300):
        for uneven in (False, True):
            alarms = false_alarms(seeds, samples, 0.01, uneven=uneven)
            low, high = wilson_interval(alarms, seeds)
            of = ", uneven times and errors" if uneven else ""
            yield (
                f"| clean, {samples} samples{of}; stated 1 % | {seeds:,} | {alarms / seeds:.2%} "
                f"(90 %: {low:.2%} to {high:.2%}) | | |"
            )
    for samples in (60, 200):
        for size in (5, 8):
            found, dated, covered = steps(seeds, samples, size)
            yield (
                f"| step of {size} sigma, {samples} samples | {seeds:,} | {found / seeds:.1%} "
                f"| {dated / found:.1%} within a sample | {covered / found:.1%} |"
            )
    for samples in (60, 200):
        for total in (5, 10, 20):
            found, recognised, covered = drifts(seeds, samples, total)
            yield (
                f"| drift to {total} sigma, {samples} samples | {seeds:,} | {found / seeds:.1%} "
                f"| {recognised / found:.1%} as drift | {covered / recognised:.1%} |"
            )


def maxima(samples, count, rng):
    """Return the statistics of clean series: change, shewhart, cusum, each (count,)."""
    y = rng.normal(size=(count, samples))
    padded = np.pad(y, ((0, 0), (2, 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5, axis=1)
    median = np.median(windows, axis=-1)
    noise = MAD_TO_SIGMA * np.median(np.abs(np.diff(y, axis=1)), axis=1) / np.sqrt(2)
    reach = WINSOR_SIGMA * noise[:, None]
    clean = median + np.clip(y - median, -reach, reach)
    away = y - np.median(y, axis=1)[:, None]
    sigma = np.maximum(noise, MAD_TO_SIGMA * np.median(np.abs(away), axis=1))
    z = away / sigma[:, None]
    up, down, summed = np.zeros(count), np.zeros(count), np.zeros(count)
    for column in z.T:
        up = np.maximum(0, up + column - 0.5)
        down = np.maximum(0, down - column - 0.5)
        summed = np.maximum(summed, np.maximum(up, down))
    return likelihood_ratios(clean, samples), np.abs(z).max(axis=1), summed


def likelihood_ratios(clean, samples):
    """Return twice the largest log-likelihood ratio of a step or drift (count,)."""
    y = clean - clean.mean(axis=1, keepdims=True)
    constant = np.sum(y**2, axis=1)
    k = np.arange(LEAST_SEGMENT, samples - LEAST_SEGMENT + 1)
    total = np.cumsum(y, axis=1)[:, k - 1]
    gain = np.max(total**2 * (1 / k + 1 / (samples - k)), axis=1)
    fine = FINE if samples <= FINE_UP_TO else 1
    onset = np.arange(LEAST_SEGMENT - 1, samples - LEAST_SEGMENT + 1e-9, 1 / fine)
    first = np.searchsorted(np.arange(samples), onset, side="right")
    x, tau = np.arange(samples) - (samples - 1) / 2, onset - (samples - 1) / 2

    def later(term):
        sums = np.cumsum(term[..., ::-1], axis=-1)[..., ::-1]
        return np.pad(sums, [(0, 0)] * (sums.ndim - 1) + [(0, 1)])[..., first]

    ones, sx, sxx = later(np.ones(samples)), later(x), later(x * x)
    mean = (sx - tau * ones) / samples
    spread = sxx - 2 * tau * sx + tau**2 * ones - mean**2 * samples
    slope = np.max((later(y * x) - tau * later(y)) ** 2 / spread, axis=1)
    return (samples - 3) * np.log(constant / (constant - np.maximum(gain, slope)))


def limits():
    """Print the limits of each test, by length of the series and probability."""
    rng = np.random.default_rng(20240501)
    by_test = {"change": [], "shewhart": [], "cusum": []}
    for samples in SAMPLES:
        wished = 200_000 if samples <= FINE_UP_TO else 60_000
        chunk = max(200, 1_000_000 // samples)
        parts = [maxima(samples, chunk, rng) for _ in range(-(-wished // chunk))]
        for name, values in zip(by_test, zip(*parts, strict=True), strict=True):
            tails = np.quantile(np.concatenate(values), [1 - p for p in PROBABILITIES])
            by_test[name].append(tuple(round(float(tail), 2) for tail in tails))
    for name, rows in by_test.items():
        print(
            f'    "{name}": (', *(f"        {row}," for row in rows), "    ),", sep="\n"
        )


def write(lines, seconds, seeds):
    """Put the table into RESULTS.md, in place of an older one."""
    text = RESULTS.read_text(encoding="utf-8")
    head, _, tail = text.partition(HEADING)
    _, mark, following = tail.partition("\n## ")
    run = f"{seeds:,} seeds each, {seconds:.0f} s, {platform.machine()}"
    about = f"`make bench-quality`: {run}. Series are simulated."
    section = "\n".join([HEADING, "", about, "", *lines, ""])
    RESULTS.write_text(head.rstrip() + "\n\n" + section + mark + following)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.limits:
        limits()
        return
    start = time.perf_counter()
    lines = []
    for line in table(options.seeds):
        print(line, flush=True)
        lines.append(line)
    if options.write:
        write(lines, time.perf_counter() - start, options.seeds)


if __name__ == "__main__":
    main()
