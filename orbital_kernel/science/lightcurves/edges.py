"""Where bins of photons begin and end: fixed, by counts, by S/N, by snapshot, by block.

Times and edges are whole nanoseconds on one clock. No bin reaches across a gap, but for
the one bin of a whole observation and for Bayesian blocks, which are found in live time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves.exposure import NS, nanoseconds
from orbital_kernel.science.lightcurves.photons import live_bins

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Spans = tuple[Ints, Ints]

WORDS = "a width in s, 'counts:N', 'snr:X', 'snapshots', 'observation', 'blocks[:P0]'"
P0 = 0.05
MOST_IN_BLOCKS = 50_000


@dataclass(frozen=True)
class Photons:
    """Times in good time (n,), ns, in order: of the source, and of its background."""

    times: Ints
    background: Ints | None = None
    ratio: float = 0.0


def spans(
    how: float | str | Sequence[float],
    photons: Photons,
    good: pl.DataFrame,
    origin: int,
) -> Spans:
    """Return starts and stops of bins (n,), ns.

    Parameters
    ----------
    how
        A width in s, 'counts:N' (photons a bin), 'snr:X' (net counts over their error),
        'snapshots' (one per good time), 'observation' (one bin), 'blocks' or 'blocks:P0'
        (Bayesian blocks with that false alarm probability), or edges in s.
    photons
        The photons counted.
    good
        Good times as `merged` returns them, on the same clock.
    origin
        Start of the first bin of a fixed width, ns.

    Raises
    ------
    QueryError
        If `how` is none of these.
    """
    if not isinstance(how, str | int | float):
        return _given(np.asarray(how, np.float64))
    word, _, number = str(how).partition(":")
    starts, stops = nanoseconds(good, "time"), nanoseconds(good, "time_stop")
    if word == "snapshots":
        return starts, stops
    if word == "observation":
        return starts[:1], stops[-1:]
    if word == "blocks":
        return _blocks(photons.times, good, _positive(number, how) if number else P0)
    if word in ("counts", "snr"):
        return _closing(photons, starts, stops, word, _positive(number, how))
    width = round(_positive(str(how), how) * NS)
    bins = live_bins(good, origin, width)
    return origin + bins * width, origin + (bins + 1) * width


def _positive(text: str, how: object) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < np.inf:
        raise QueryError(f"bins are {WORDS} above 0, or edges in s; got {how!r}")
    return number


def _given(edges: Reals) -> Spans:
    if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0).all():
        raise QueryError("edges of bins are two or more rising times, s of the clock")
    whole = np.rint(edges * NS).astype(np.int64)
    return whole[:-1], whole[1:]


def _closing(
    photons: Photons, starts: Ints, stops: Ints, word: str, goal: float
) -> Spans:
    """Return bins that close at a photon, each within one good time."""
    first, last = [], []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        times = _within(photons.times, start, stop)
        off = (
            None
            if photons.background is None
            else _within(photons.background, start, stop)
        )
        cuts = _cuts(times, off, photons.ratio, word, goal)
        inner = [
            (int(times[c]) + int(times[c + 1])) // 2 for c in cuts if c + 1 < times.size
        ]
        full = len(cuts) > len(inner)
        ends = [start, *inner, stop]
        if not full and len(ends) > 2:
            del ends[-2]
        ends = sorted(set(ends))
        first += ends[:-1]
        last += ends[1:]
    return np.array(first, dtype=np.int64), np.array(last, dtype=np.int64)


def _within(times: Ints, start: int, stop: int) -> Ints:
    low, high = np.searchsorted(times, [start, stop])
    return times[low:high]


def _cuts(
    times: Ints, off: Ints | None, ratio: float, word: str, goal: float
) -> list[int]:
    """Return the photons at which a bin closes."""
    if word == "counts":
        step = max(round(goal), 1)
        return list(range(step - 1, times.size, step))
    around = (
        np.zeros(times.size) if off is None else np.searchsorted(off, times, "right")
    )
    cuts, on_before, off_before = [], 0, 0.0
    for k in range(times.size):
        on, other = k + 1 - on_before, ratio * (around[k] - off_before)
        if on - other >= goal * (on + ratio * other) ** 0.5:
            cuts.append(k)
            on_before, off_before = k + 1, float(around[k])
    return cuts


def _blocks(times: Ints, good: pl.DataFrame, p0: float) -> Spans:
    """Return Bayesian blocks of photons in good time without its gaps.

    Scargle et al. 2013, ApJ 764, 167, section 3.1 (events).
    """
    from astropy.stats import bayesian_blocks

    starts, stops = nanoseconds(good, "time"), nanoseconds(good, "time_stop")
    if times.size > MOST_IN_BLOCKS:
        raise QueryError(
            f"Bayesian blocks of {times.size:,} photons take long; {MOST_IN_BLOCKS:,} is "
            "the most: choose a region or a band, or bins of a width"
        )
    if times.size < 2:
        return starts[:1], stops[-1:]
    before = np.concatenate([[0], np.cumsum(stops - starts)])
    which = np.searchsorted(starts, times, side="right") - 1
    live = (before[which] + times - starts[which]) / NS
    edges = bayesian_blocks(np.sort(live), fitness="events", p0=p0)
    inner = np.rint(edges[1:-1] * NS).astype(np.int64)
    which = np.clip(
        np.searchsorted(before, inner, side="right") - 1, 0, starts.size - 1
    )
    cuts = starts[which] + inner - before[which]
    return np.append(starts[:1], cuts), np.append(cuts, stops[-1:])
