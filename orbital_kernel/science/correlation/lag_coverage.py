"""How often the intervals of lags hold the true lag, as simulations measured it."""

from typing import NamedTuple

SIMULATED, RESAMPLED = "simulated", "resampled"
INTERVALS = {
    SIMULATED: "simulated pairs of one red-noise signal at this lag",
    RESAMPLED: "FR/RSS, of ZDCF the likelihood of the peak",
}
DEFAULT = {"iccf": SIMULATED, "zdcf": RESAMPLED, "dcf": RESAMPLED}
"""The interval that comes nearest to its claim, by method."""


class Measured(NamedTuple):
    """Shares of data sets whose interval holds the lag, by sampling, at 68 and 95 %."""

    swift: tuple[float, float]
    chandra: tuple[float, float]
    seeds: int


MEASURED = {
    ("iccf", SIMULATED): Measured((0.684, 0.930), (0.715, 0.939), 1000),
    ("iccf", RESAMPLED): Measured((0.810, 0.987), (0.890, 1.000), 300),
    ("zdcf", RESAMPLED): Measured((0.980, 1.000), (1.000, 1.000), 300),
    ("dcf", RESAMPLED): Measured((0.927, 1.000), (0.877, 0.997), 300),
}
"""`benchmarks/bench_lags.py`: one signal of slope 2 with errors of 15 % of its scatter."""


def coverage_of(method: str, interval: str) -> str:
    """Return in words how often intervals of a method held the lag in simulations."""
    measured = MEASURED.get((method, interval))
    if measured is None:
        return "not measured"
    (swift_68, swift_95), (chandra_68, chandra_95), seeds = measured
    return (
        f"of {seeds:,} simulated pairs with red noise of slope 2 an interval at 68 % held "
        f"the lag in {swift_68:.1%} (Swift-like sampling) and {chandra_68:.1%} "
        f"(Chandra-like), one at 95 % in {swift_95:.1%} and {chandra_95:.1%}"
    )
