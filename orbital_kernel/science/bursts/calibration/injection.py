"""Simulated bursts of known properties, added to real or simulated series.

The emission is integrated over each bin, so a burst of 64 ms fills only a part of a bin
of 1 s. Counts are drawn from a Poisson distribution; to rates the burst is added as is.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError

Floats = NDArray[np.float64]

EDGE_S = 60.0
"""Least distance of an injected burst from the ends of a stretch."""
NEAR_S = 300.0
GAP_S = 10.0
FINE = 4096
REACH = 1.5
"""A profile ends at this many times its length."""
SPECTRUM = (0.28, 0.32, 0.27, 0.13)
"""Shares of four channels: what BAT counts of a burst of photon index 1.6, about."""


@dataclass(frozen=True)
class Pulse:
    """A burst to inject.

    Parameters
    ----------
    lasts_s
        Length, s.
    sigma
        Fluence in sigma of the background over that length.
    shape
        'fred' (fast rise, exponential decay), 'box' or 'pulses'.
    """

    lasts_s: float
    sigma: float
    shape: str = "fred"


@dataclass(frozen=True)
class Truth:
    """True times of an injected burst: start and stop, start of T90 (MET s), and T90 (s)."""

    start: float
    stop: float
    t90_start: float
    t90_s: float


def _fred(x: Floats) -> Floats:
    """Return a rise of a fifth of the length, then an exponential decay."""
    return np.where(x < 0.2, x / 0.2, np.exp(-3.5 * np.maximum(x - 0.2, 0.0)))


def _box(x: Floats) -> Floats:
    """Return steady emission over the length."""
    return np.where(x < 1.0, 1.0, 0.0)


def _pulses(x: Floats) -> Floats:
    """Return three pulses of unequal height, quiet between them."""
    heights = ((0.1, 0.05, 0.7), (0.45, 0.08, 1.0), (0.85, 0.05, 0.5))
    return sum(
        (h * np.exp(-0.5 * ((x - at) / wide) ** 2) for at, wide, h in heights),
        np.zeros_like(x),
    )


SHAPES = {"fred": _fred, "box": _box, "pulses": _pulses}


def profile(pulse: Pulse) -> tuple[Floats, Floats]:
    """Return times since the start, s, and the share of the fluence emitted by then."""
    x = (np.arange(FINE) + 0.5) * REACH / FINE
    grown = np.concatenate(([0.0], np.cumsum(SHAPES[pulse.shape](x))))
    return np.arange(FINE + 1) * REACH / FINE * pulse.lasts_s, grown / grown[-1]


def truth(pulse: Pulse, start: float) -> Truth:
    """Return the true times of a pulse that starts at a MET."""
    times, grown = profile(pulse)
    first, last = np.interp((0.05, 0.95), grown, times)
    return Truth(
        start=start,
        stop=start + float(np.interp(0.999, grown, times)),
        t90_start=start + float(first),
        t90_s=float(last - first),
    )


def shares(met: Floats, seconds: Floats | float, pulse: Pulse, start: float) -> Floats:
    """Return the share of the fluence that falls into each bin (n,)."""
    times, grown = profile(pulse)
    before = np.interp(met - start, times, grown)
    return np.asarray(np.interp(met + seconds - start, times, grown) - before)


def inject(series: pl.DataFrame, start: float, pulse: Pulse, seed: int) -> pl.DataFrame:
    """Return a series of `rates` with a burst that starts at a MET; its rows are simulated.

    Parameters
    ----------
    series
        Rows of `rates`: met_s and bin_s (s), rate, kind; counts if raw.
    start
        Start of the burst, MET s.
    pulse
        The burst. Its fluence, over all channels, is `sigma` times the noise of the
        background over its length (at least one bin). Four channels share it as SPECTRUM,
        other numbers equally.
    seed
        Seed of the Poisson counts.

    Raises
    ------
    QueryError
        If nothing was measured within 300 s of the start.
    """
    met = series["met_s"].to_numpy()
    bin_s = float(series["bin_s"][0])
    near = series.filter(pl.col("met_s").is_between(start - NEAR_S, start + NEAR_S))
    if near.is_empty():
        raise QueryError(f"nothing was measured within {NEAR_S:g} s of MET {start}")
    series = series.with_columns(pl.lit(value=True).alias("simulated"))
    fluence = pulse.sigma * _noise(near, bin_s) * np.sqrt(max(pulse.lasts_s, bin_s))
    added = fluence * shares(met, bin_s, pulse, start) * _split(series)
    if series["kind"][0] == "net":
        return series.with_columns(pl.col("rate") + added / bin_s)
    counts = np.random.default_rng(seed).poisson(added)
    return series.with_columns(
        pl.col("counts") + counts, pl.col("rate") + counts / bin_s
    )


def _split(series: pl.DataFrame) -> Floats:
    """Return by row the share of its channel."""
    if "channel" not in series.columns:
        return np.ones(series.height)
    channels = series["channel"].unique().sort().to_numpy()
    each = np.full(len(channels), 1.0 / len(channels))
    if len(channels) == len(SPECTRUM):
        each = np.array(SPECTRUM)
    return np.asarray(each[np.searchsorted(channels, series["channel"].to_numpy())])


def _noise(near: pl.DataFrame, bin_s: float) -> float:
    """Return sigma of one second of all channels together, from neighbouring bins."""
    total = near.group_by("met_s").agg(pl.col("rate").sum()).sort("met_s")
    steps = np.abs(np.diff(total["rate"].drop_nulls().to_numpy()))
    return float(1.4826 * np.median(steps) * np.sqrt(bin_s / 2))


def place(
    series: pl.DataFrame,
    pulse: Pulse,
    rng: np.random.Generator,
    edge_s: float = EDGE_S,
) -> float:
    """Return a random MET at which nearly all of a pulse would be measured.

    It begins and ends more than `edge_s` from the ends of a stretch between gaps. Raises
    QueryError if no stretch is long enough.
    """
    measured = series.filter(pl.col("rate").is_not_null())["met_s"].unique().sort()
    met = measured.to_numpy()
    bin_s = float(series["bin_s"][0])
    lasts = REACH * pulse.lasts_s
    cuts = np.flatnonzero(np.diff(met) > max(GAP_S, 1.5 * bin_s)) + 1
    first = np.concatenate(([0], cuts))
    end = np.concatenate((cuts, [len(met)]))
    stretch = np.searchsorted(first, np.arange(len(met)), side="right") - 1
    opens, closes = met[first][stretch], met[end - 1][stretch]
    bins = np.searchsorted(met, met + lasts + 2 * bin_s) - np.arange(len(met))
    good = bins * bin_s >= 0.9 * lasts
    good &= (met > opens + edge_s) & (met < closes - edge_s - lasts)
    if not good.any():
        raise QueryError(f"no stretch of this series is long enough for {lasts:g} s")
    return float(rng.choice(met[good]) + rng.uniform(0.0, bin_s))
