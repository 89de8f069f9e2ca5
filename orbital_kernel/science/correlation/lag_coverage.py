"""How often the intervals of lags hold the true lag, as simulations measured it.

`benchmarks/bench_lags.py` measures it with one red-noise signal of slope 2, seen twice with
errors of 15 % of its scatter: at even times (100 bins of one exposure, Chandra-like) and at
times with gaps (about 75 snapshots in 200 days, Swift-like).
"""

from typing import NamedTuple

import numpy as np

from orbital_kernel.science.correlation.series import Series

SIMULATED, CALIBRATED, RESAMPLED = "simulated", "calibrated", "resampled"
INTERVALS = {
    SIMULATED: "simulated pairs of one red-noise signal at this lag",
    CALIBRATED: "FR/RSS at the levels at which it holds the lag of simulated pairs",
    RESAMPLED: "FR/RSS, of ZDCF the likelihood of the peak",
}
DEFAULT = {"iccf": SIMULATED, "zdcf": SIMULATED, "dcf": CALIBRATED}
"""The interval that comes nearest to its claim, by method."""
CLAIMS = (0.68, 0.95)
EVEN, GAPPED = "even", "with gaps"
EVEN_GAPS = 1.5
"""Largest gap, in median gaps, of all but a twentieth of the gaps of even sampling."""
FEWEST, MOST = 40, 400
"""Numbers of points to which the measurements apply."""


class Measured(NamedTuple):
    """Shares of data sets whose interval holds the lag, by sampling, at 68 and 95 %."""

    swift: tuple[float, float]
    chandra: tuple[float, float]
    seeds: int


MEASURED = {
    ("iccf", SIMULATED): Measured((0.665, 0.940), (0.690, 0.941), 1000),
    ("iccf", RESAMPLED): Measured((0.788, 0.985), (0.852, 0.996), 1000),
    ("zdcf", SIMULATED): Measured((0.687, 0.956), (0.643, 0.940), 750),
    ("dcf", CALIBRATED): Measured((0.662, 0.914), (0.626, 0.887), 1000),
    ("zdcf", RESAMPLED): Measured((0.997, 1.000), (1.000, 1.000), 1000),
    ("dcf", RESAMPLED): Measured((0.931, 1.000), (0.895, 1.000), 1000),
}
"""As `benchmarks/bench_lags.py` measured it."""


def sampling_of(*series: Series) -> str | None:
    """Return the kind of sampling; None for fewer or more points than were measured."""
    if not all(FEWEST <= part.times.size <= MOST for part in series):
        return None
    ratios = []
    for part in series:
        gaps = np.diff(np.sort(part.times))
        ratios.append(np.quantile(gaps, 0.95) / max(np.median(gaps), 1e-9))
    return EVEN if max(ratios) <= EVEN_GAPS else GAPPED


def measured_coverage(
    method: str, interval: str, sampling: str | None, confidence: float
) -> float | None:
    """Return the share of simulated data sets whose interval held the lag.

    None if this interval was not measured at this sampling and confidence.
    """
    measured = MEASURED.get((method, interval))
    if measured is None or sampling is None or confidence not in CLAIMS:
        return None
    shares = measured.chandra if sampling == EVEN else measured.swift
    return shares[CLAIMS.index(confidence)]


def in_words(method: str, interval: str) -> str:
    """Return in words how often intervals of a method held the lag in simulations."""
    measured = MEASURED.get((method, interval))
    if measured is None:
        return "not measured"
    parts = [
        f"in {shares[0]:.1%} at 68 % and {shares[1]:.1%} at 95 % ({sampling} sampling)"
        for shares, sampling in (
            (measured.swift, "Swift-like"),
            (measured.chandra, "Chandra-like"),
        )
    ]
    return (
        f"of {measured.seeds:,} simulated pairs with red noise of slope 2 an interval held "
        f"the lag {' and '.join(parts)}"
    )
