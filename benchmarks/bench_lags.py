"""Coverage of the intervals of lags, and false alarms in red noise, over many seeds.

    python benchmarks/bench_lags.py [--seeds 1000] [--write]

One signal with power ~ f^-slope is seen by two instruments at a known delay, at the times
of either observatory: Swift-like (a snapshot every 2 days for 200 days with gaps; the two
instruments look together), Chandra-like (one exposure of 50 ks in bins of 500 s). The delay
is anywhere within a step of the sampling about 6 days or 1500 s. The table gives how often
the interval at 68 and 95 % holds the delay, for the interval that is the method's default
and for FR/RSS (of ZDCF the likelihood of its peak). False alarms are how often two unrelated
series of each slope reach a global chance of 0.05. `--write` puts the tables into RESULTS.md;
`--seeds 0 --write` those of a run that was interrupted, which the next run goes on with.
"""

import argparse
import json
import textwrap
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise, product
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
ROUND = 50
"""Seeds of each trial after which the numbers are stored."""
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


def trials():
    """Return what is measured, by name: coverage first, then false alarms."""
    coverage = {
        f"{method}, {interval} | {sampling}": partial(
            covered, method, interval, sampling
        )
        for (method, interval), sampling in product(KINDS, SAMPLINGS)
    }
    alarms = {
        f"{method} | {sampling} | {slope:g}": partial(alarmed, method, sampling, slope)
        for method, sampling, slope in product(METHODS, SAMPLINGS, SLOPES)
    }
    return coverage, alarms


def measure(seeds):
    """Measure so many seeds of each trial, in rounds; stored rounds are read again."""
    coverage, alarms = trials()
    cells = stored()
    with ProcessPoolExecutor(2) as pool:
        rounds = pairwise(range(0, seeds + 1, ROUND))
        for group, (start, stop) in product((coverage, alarms), rounds):
            for name, trial in group.items():
                if cells.get(name, [0])[0] >= stop:
                    continue
                flags = list(pool.map(trial, range(start, stop), chunksize=5))
                inside = np.atleast_1d(np.sum(flags, axis=0)).tolist()
                before = cells.get(name, [0, *(0 for _ in inside)])[1:]
                cells[name] = [
                    stop,
                    *(x + y for x, y in zip(before, inside, strict=True)),
                ]
                CELLS.parent.mkdir(exist_ok=True)
                CELLS.write_text(json.dumps(cells))


def stored():
    """Return seeds and numbers of intervals that held, or of alarms, by trial."""
    return json.loads(CELLS.read_text()) if CELLS.exists() else {}


def tables(cells):
    """Return both tables of what is stored as lines of Markdown."""
    coverage, alarms = trials()
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
    for name in (name for name in coverage if name in cells):
        seeds, *inside = cells[name]
        shares = [
            rate(n / seeds, c, seeds) for n, c in zip(inside, CLAIMS, strict=True)
        ]
        lines.append(f"| {name} | {seeds:,} | {' | '.join(shares)} |")
    lines += [
        "",
        f"| method | sampling | slope | seeds | alarms at a global chance of {ALARM} |",
        "|---|---|---|---|---|",
    ]
    for name in (name for name in alarms if name in cells):
        seeds, number = cells[name]
        lines.append(f"| {name} | {seeds:,} | {rate(number / seeds, ALARM, seeds)} |")
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
    parser.add_argument("--write", action="store_true", help="write RESULTS.md")
    options = parser.parse_args()
    measure(options.seeds)
    lines = tables(stored())
    print("\n".join(lines))
    if options.write:
        write(lines)


if __name__ == "__main__":
    main()
