"""Coverage of the intervals of lags, and false alarms in red noise, over many seeds.

    python benchmarks/bench_lags.py [--seeds 1000] [--slow 1000] [--write]

One signal with power ~ f^-slope is seen by two instruments at a known delay, at the times
of either observatory: Swift-like (a snapshot every 2 days for 200 days with gaps; the two
instruments look together), Chandra-like (one exposure of 50 ks in bins of 500 s). The delay
is anywhere within a step of the sampling about 6 days or 1500 s. The
table gives how often the interval at 68 and 95 % holds the delay, for the interval that is
the method's default and, of ICCF, for FR/RSS too. False alarms are how
often two unrelated series of each slope reach a global chance of 0.05. `--write` puts the
tables into RESULTS.md. A run that was interrupted goes on where it was.
"""

import argparse
import json
import textwrap
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl

from orbital_kernel.science.correlation import METHODS, lag
from orbital_kernel.science.correlation.dcf import FEWEST_PAIRS
from orbital_kernel.science.correlation.lag_coverage import (
    CLAIMS,
    DEFAULT,
    RESAMPLED,
)
from orbital_kernel.science.correlation.lags import estimated, interval_at
from orbital_kernel.science.correlation.rednoise import realisation, spectrum
from orbital_kernel.science.correlation.series import two_series
from orbital_kernel.science.correlation.slope import RedNoise

RESULTS = Path(__file__).parent / "RESULTS.md"
CELLS = Path(__file__).parents[1] / "build" / "lags.json"
"""What a run has measured: delete it after a change of the code."""
HEADING = "## Lags: coverage and false alarms"
DAY = 86_400.0
START = np.datetime64("2013-04-27", "ns")
SLOPES = (1.0, 1.5, 2.0)
ALARM = 0.05
COVERAGE_SLOPE = 2.0
SLOW = {(method, interval) for method, interval in DEFAULT.items() if method != "iccf"}
RESAMPLES = 300
"""Simulated pairs or resampled series of each seed."""
KINDS = (*DEFAULT.items(), *((method, RESAMPLED) for method in DEFAULT))
"""Methods with the intervals whose coverage is measured: the default, and FR/RSS."""


def swift_like(rng):
    """Return the times of two instruments that look together, s, and a typical delay."""
    days = np.arange(0, 200, 2.0) + rng.uniform(-0.4, 0.4, 100)
    seen = (rng.random(100) < 0.85) & ~((days > 80) & (days < 105))
    times = days[seen] * DAY
    return times, times + 300.0, (6 + 2 * rng.uniform(-0.5, 0.5)) * DAY


def chandra_like(rng):
    """Return the times of two bands of one exposure, s, and a typical delay."""
    times = np.arange(100) * 500.0
    return times, times, 1500 + 500 * rng.uniform(-0.5, 0.5)


SAMPLINGS = {"Swift-like": swift_like, "Chandra-like": chandra_like}
ERROR = {"Swift-like": 0.15, "Chandra-like": 0.15}


def frame(times, values, errors):
    """Return points as rows of `photometry`."""
    return pl.DataFrame(
        {
            "time": pl.Series(START + (times * 1e9).astype("timedelta64[ns]")),
            "value": values,
            "value_err_plus": errors,
            "value_err_minus": errors,
        }
    )


def noisy(times, values, error, rng):
    """Return values of unit scatter with errors."""
    values = (values - values.mean()) / values.std()
    errors = np.full(times.size, error)
    return frame(times, values + rng.normal(0, errors), errors)


def delayed(sampling, slope, rng):
    """Return two series of one signal, and the delay of the second."""
    first, second, delay = SAMPLINGS[sampling](rng)
    shifted = np.concatenate([first, second - delay])
    signal = realisation(shifted, spectrum(np.sort(shifted), slope), rng)
    parts = np.split(signal, [first.size])
    return (
        noisy(first, parts[0], ERROR[sampling], rng),
        noisy(second, parts[1], ERROR[sampling], rng),
        delay,
    )


def unrelated(sampling, slope, rng):
    """Return two series that have nothing in common."""
    first, second, _ = SAMPLINGS[sampling](rng)
    return tuple(
        noisy(
            times,
            realisation(times, spectrum(times, slope), rng),
            ERROR[sampling],
            rng,
        )
        for times in (first, second)
    )


def covered(method, interval, sampling, seed):
    """Return whether the interval at each claim holds the delay."""
    first, second, delay = delayed(
        sampling, COVERAGE_SLOPE, np.random.default_rng((7, seed))
    )
    series = two_series(first, second)
    generator = np.random.default_rng(seed)
    estimate, _, _ = estimated(series, method, None, None, FEWEST_PAIRS, generator)
    noise = RedNoise(series[1])
    at = interval_at(interval, estimate, series, noise, RESAMPLES, generator)
    ends = [at(claim) for claim in CLAIMS]
    return [low is not None and low <= delay <= high for low, high in ends]


def alarmed(method, sampling, slope, seed):
    """Return whether two unrelated series reach the global chance of the claim."""
    first, second = unrelated(sampling, slope, np.random.default_rng((11, seed)))
    answer = lag(
        first,
        second,
        method=method,
        simulations=199,
        resamples=1,
        interval=RESAMPLED,
        seed=seed,
    )
    return answer.chance_global <= ALARM


def rate(share, claim, seeds):
    """Return a share as text, with its deviation from the claim in binomial errors."""
    error = np.sqrt(claim * (1 - claim) / seeds)
    return f"{share:.3f} ({(share - claim) / error:+.1f} sigma)"


def shares_of(pool, trial, seeds, key):
    """Return the shares of seeds, by claim; cells of an interrupted run are read again."""
    cells = json.loads(CELLS.read_text()) if CELLS.exists() else {}
    key = "/".join(map(str, (*key, seeds)))
    if key not in cells:
        flags = list(pool.map(trial, range(seeds), chunksize=10))
        cells[key] = np.atleast_1d(np.mean(flags, axis=0)).tolist()
        CELLS.parent.mkdir(exist_ok=True)
        CELLS.write_text(json.dumps(cells))
        print(key, cells[key], flush=True)
    return cells[key]


def tables(seeds, slow):
    """Return both tables as lines of Markdown; `slow` are the seeds of slow methods."""
    about = (
        f"One signal of slope {COVERAGE_SLOPE:g} seen twice; {RESAMPLES} simulated pairs or "
        "resampled series each. In brackets: the deviation from the claim in binomial "
        "errors of the seeds. Each lag states the first table's numbers beside its interval."
    )
    lines = [
        *textwrap.wrap(about, 110),
        "",
        "| method, interval | sampling | seeds | holds the delay at 68 % | at 95 % |",
        "|---|---|---|---|---|",
    ]
    with ProcessPoolExecutor(2) as pool:
        for (method, interval), sampling in product(KINDS, SAMPLINGS):
            number = slow if (method, interval) in SLOW else seeds
            trial = partial(covered, method, interval, sampling)
            shares = shares_of(pool, trial, number, (method, interval, sampling))
            cells = [rate(s, c, number) for s, c in zip(shares, CLAIMS, strict=True)]
            name = f"{method}, {interval}"
            lines.append(f"| {name} | {sampling} | {number:,} | {' | '.join(cells)} |")
        lines += ["", "| false alarms at a global chance of 0.05 | sampling | seeds | "]
        lines[-1] += " | ".join(f"slope {slope:g}" for slope in SLOPES) + " |"
        lines.append("|---|---|---|" + "---|" * len(SLOPES))
        for method, sampling in product(METHODS, SAMPLINGS):
            cells = []
            for slope in SLOPES:
                trial = partial(alarmed, method, sampling, slope)
                key = ("alarms", method, sampling, slope)
                (share,) = shares_of(pool, trial, slow, key)
                cells.append(rate(share, ALARM, slow))
            lines.append(f"| {method} | {sampling} | {slow:,} | {' | '.join(cells)} |")
    return lines


def write(lines):
    """Replace the section of RESULTS.md, or add it at the end."""
    text = RESULTS.read_text(encoding="utf-8")
    before, _, after = text.partition(f"{HEADING}\n")
    _, mark, remainder = after.partition("\n## ")
    section = "\n".join([HEADING, "", *lines, ""])
    RESULTS.write_text(f"{before.rstrip()}\n\n{section}{mark}{remainder}", "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument(
        "--slow", type=int, help="seeds of ZDCF, DCF and alarms; as many by default"
    )
    parser.add_argument("--write", action="store_true", help="write RESULTS.md")
    options = parser.parse_args()
    lines = tables(options.seeds, options.slow or options.seeds)
    print("\n".join(lines))
    if options.write:
        write(lines)


if __name__ == "__main__":
    main()
