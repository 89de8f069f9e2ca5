"""The detector compared with a brute-force grid of windows and Bayesian blocks.

    python benchmarks/bench_bursts.py [--seconds 1200] [--repeat 5]

All three process the same seeded 64 ms series. The grid tests every start with lengths of
64 ms x 2^k to 64 s and a known background: the minimum that a trigger computer of that
kind does. Bayesian blocks (astropy, Gaussian measures) is quadratic, so it processes a
shorter part, to which its samples/s refer. Detection efficiency is compared at equal false
alarm rate: each method's threshold is its highest value in the same number of quiet
series.
"""

import argparse
import statistics
import time

import numpy as np
import polars as pl
from astropy.stats import bayesian_blocks

from orbital_kernel.science.bursts import Detector, scan
from orbital_kernel.science.bursts.hull import best_window

BIN_S = 0.064
BLOCKS_BINS = 4000
QUIET = 60
TRIES = 400


def rates(rng, bins, channels=1, pulse=None):
    """Return counts (bins, channels) of a quiet background, with a pulse if given."""
    level = np.full(bins, 6500.0 * BIN_S / channels)
    if pulse is not None:
        first, length, extra = pulse
        level[first : first + length] += extra / channels
    return rng.poisson(level[:, None], (bins, channels)).astype(float)


def frame(counts):
    """Return counts as rows of `rates`."""
    met = 4e8 + np.arange(len(counts)) * BIN_S
    return pl.concat(
        pl.DataFrame(
            {
                "met_s": met,
                "bin_s": BIN_S,
                "channel": k,
                "rate": counts[:, k] / BIN_S,
                "counts": counts[:, k],
                "kind": "raw",
                "unit": "count / s",
            }
        )
        for k in range(counts.shape[1])
    )


def grid(counts, background):
    """Return the highest sigma over every start and lengths of 2^k bins (numpy)."""
    total = np.concatenate(([0.0], np.cumsum(counts.sum(axis=1) - background)))
    best = 0.0
    length = 1
    while length * BIN_S <= 64.0:
        excess = total[length:] - total[:-length]
        best = max(best, float(excess.max()) / np.sqrt(length * background))
        length *= 2
    return best


def every_window(counts, background, longest):
    """Return the highest sigma over every start and every length (numpy)."""
    total = np.concatenate(([0.0], np.cumsum(counts.sum(axis=1) - background)))
    best = 0.0
    for length in range(1, longest + 1):
        excess = total[length:] - total[:-length]
        best = max(best, float(excess.max()) / np.sqrt(length * background))
    return best


def pruned(counts, background, longest):
    """Return the highest sigma over every start and length, by the detector's hull."""
    excess = counts.sum(axis=1) - background
    flat = np.full(len(excess), background)
    return best_window(excess, flat, np.zeros(len(excess)), longest)[0]


def timed(call, repeat):
    """Return the median seconds of CPU of a call, after a first call to warm up."""
    call()
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def efficiency(search, rng, bins):
    """Return the share of faint pulses above the highest value of quiet series."""
    limit = max(search(rates(rng, bins)) for _ in range(QUIET))
    detected = 0
    for _ in range(TRIES):
        length = int(rng.integers(3, 400))
        extra = 6.5 * np.sqrt(6500.0 * BIN_S / length)
        first = int(rng.integers(0, bins - length))
        detected += search(rates(rng, bins, pulse=(first, length, extra))) > limit
    return detected / TRIES


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    bins, longest = int(options.seconds / BIN_S), int(64.0 / BIN_S)
    rng = np.random.default_rng(7)
    single, four = rates(rng, bins), rates(rng, bins, channels=4)
    series, wide = frame(single), frame(four)
    background = 6500.0 * BIN_S
    x = np.arange(BLOCKS_BINS) * BIN_S
    y = single[:BLOCKS_BINS, 0]
    table = [
        (
            "detector's hull, every window",
            bins,
            lambda: pruned(single, background, longest),
        ),
        (
            "every window, numpy",
            bins,
            lambda: every_window(single, background, longest),
        ),
        ("grid of 2^k windows, numpy", bins, lambda: grid(single, background)),
        (
            "Bayesian blocks, astropy",
            BLOCKS_BINS,
            lambda: bayesian_blocks(x, y, np.sqrt(y), fitness="measures"),
        ),
        ("whole detector, 1 channel", bins, lambda: scan(series)),
        ("whole detector, 4 channels", bins, lambda: scan(wide)),
    ]
    print(f"{'method':34}{'samples':>9}{'CPU s':>11}{'samples/s':>13}")
    for name, samples, call in table:
        seconds = timed(call, options.repeat if "blocks" not in name else 1)
        print(f"{name:34}{samples:9d}{seconds:11.4f}{samples / seconds:13.0f}")
    whole_day = timed(lambda: scan(wide), options.repeat) * 86_400 / options.seconds
    print(f"\na day of 64 ms x 4 channels at that pace: {whole_day:.1f} s of one core")
    live(four)
    print(
        f"\nefficiency at one false alarm in {QUIET} series of {options.seconds / 4:g} s"
    )
    short = bins // 4
    for name, search in (
        ("detector's hull", lambda c: pruned(c, background, longest)),
        ("grid of 2^k windows", lambda c: grid(c, background)),
    ):
        share = efficiency(search, np.random.default_rng(11), short)
        print(f"{name:34}{share:9.2f}")


def live(counts):
    """Print the time that a live batch of one second takes."""
    detector = Detector()
    series = frame(counts).sort("met_s")
    seconds = []
    for batch in series.iter_slices(4 * 16):
        start = time.perf_counter()
        detector.feed(batch)
        seconds.append(time.perf_counter() - start)
    p50, p99 = np.percentile(seconds, (50, 99)) * 1e3
    print(
        f"\nlive, a batch of 16 bins x 4 channels: p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    )


if __name__ == "__main__":
    main()
