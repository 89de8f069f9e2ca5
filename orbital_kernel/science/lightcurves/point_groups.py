"""Groups of a curve's points: by counts, by S/N, by snapshot, by ObsID, by block.

Each series is grouped by itself. Groups by counts and by S/N end with the snapshot; blocks
are found in the live time of the whole series, without its gaps.
"""

import itertools
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts.blocks import block_edges, edges_of
from orbital_kernel.science.compiled import compiled
from orbital_kernel.science.lightcurves.count_rates import NO_COUNTS, PointCounts

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

WORDS = (
    "a width in s, 'log N', edges in s, 'counts:N', 'snr:X', 'snapshots', 'observation' "
    "or 'blocks[:P0]'"
)
SNAPSHOT_GAP_S = 600.0
"""A longer time without points ends a snapshot: Swift's orbit hides a target for 30 min."""
P0 = 0.05
MOST_IN_BLOCKS = 20_000
NO_ERROR = "it has neither an error nor counts"
NO_OBS_ID = "the file names no ObsID"
MAGNITUDE = "a magnitude has no S/N: bring it to a flux density with `unit`"


class Grouping(NamedTuple):
    """A word with its number, as 'snr:5' gives them."""

    word: str
    number: float


class Measures(NamedTuple):
    """Signal and variance of points (n,), live time (s; 0 of values), what they lack."""

    signal: Reals
    noise: Reals
    live_s: Reals
    missing: NDArray[np.object_]


class Groups(NamedTuple):
    """The group of each point (n,), below 0 without one, and why it has none."""

    number: Ints
    missing: NDArray[np.object_]


def grouping(how: str) -> Grouping:
    """Return the word and number of bins; QueryError if they are none of these."""
    word, colon, text = how.strip().partition(":")
    if word in ("snapshots", "observation") and not colon:
        return Grouping(word, 0.0)
    if word == "blocks" and not colon:
        return Grouping(word, P0)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    most = {"counts": np.inf, "snr": np.inf, "blocks": 1.0}.get(word, 0.0)
    if not 0 < number < most:
        raise QueryError(f"bins are {WORDS}; got {how!r}")
    return Grouping(word, number)


def grouped(
    rows: pl.DataFrame,
    how: Grouping,
    series: Ints,
    usable: Flags,
    weights: Reals,
    counts: PointCounts | None,
) -> Groups:
    """Return the groups of the usable points (n,) of each series.

    `weights` are those of the mean. `counts` is None if no point has any.
    """
    missing = np.full(len(rows), "", dtype=object)
    measures = _measures(rows, how, series, usable, weights, counts)
    missing[usable] = measures.missing[usable]
    chosen = np.flatnonzero(usable & (missing == ""))
    since = rows["since_s"].to_numpy()[chosen]
    chosen = chosen[np.lexsort((since, series[chosen]))]
    ids = rows["obs_id"].rank("dense").fill_null(0).to_numpy().astype(np.int64)
    first = _of_new(series[chosen])
    signal, noise = measures.signal[chosen], measures.noise[chosen]
    if how.word == "observation":
        key = series.astype(np.int64) * (ids.max(initial=0) + 1) + ids
        labels = np.unique(key[chosen], return_inverse=True)[1]
    elif how.word == "blocks":
        labels = _blocks(first, signal, noise, measures.live_s[chosen], how.number)
    else:
        first |= _of_new(ids[chosen]) | _after_gap(rows[chosen])
        labels = np.cumsum(first) - 1
        if how.word != "snapshots":
            power = 0.5 if how.word == "snr" else 0.0
            labels = _closed(first, signal, noise, how.number, power)
    number = np.full(len(rows), -1, dtype=np.int64)
    number[chosen] = labels
    return Groups(number, missing)


def _measures(
    rows: pl.DataFrame,
    how: Grouping,
    series: Ints,
    usable: Flags,
    weights: Reals,
    counts: PointCounts | None,
) -> Measures:
    """Return what points are grouped by: counts where all of a series are of counts."""
    size = len(rows)
    none, zero = np.full(size, "", dtype=object), np.zeros(size)
    if how.word == "snapshots":
        return Measures(zero, zero, zero, none)
    if how.word == "observation":
        without = rows["obs_id"].is_null().to_numpy()
        return Measures(zero, zero, zero, np.where(without, NO_OBS_ID, none))
    if how.word == "counts":
        if counts is None:
            return Measures(zero, zero, zero, np.full(size, NO_COUNTS, dtype=object))
        number = np.nan_to_num(counts.counts)
        return Measures(number, number, counts.live_s, counts.missing)
    value, plus, minus = (
        rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("value", "value_err_plus", "value_err_minus")
    )
    error = np.where(np.isfinite(minus), (plus + minus) / 2, plus)
    missing = np.where(error > 0, none, NO_ERROR)
    if how.word == "snr":
        is_magnitude = rows["unit"].str.starts_with("mag").fill_null(value=False)
        missing = np.where(is_magnitude.to_numpy(), MAGNITUDE, missing)
    else:
        weights = np.ones(size)
    values = Measures(value * weights, (error * weights) ** 2, np.zeros(size), missing)
    if counts is None:
        return values
    others = np.bincount(series, usable & ~counts.usable, series.max(initial=0) + 1)
    of_counts = counts.usable & (others[series] == 0)
    is_net = how.word == "snr"
    noise = counts.counts + np.nan_to_num(counts.ratio**2 * counts.off)
    chosen = (counts.net if is_net else counts.counts, noise, counts.live_s, none)
    parts = [np.where(of_counts, *pair) for pair in zip(chosen, values, strict=True)]
    return Measures(*parts)


def _of_new(values: Ints) -> Flags:
    """Return which values differ from the one before; the first does."""
    return np.append(True, values[1:] != values[:-1])[: values.size]


def _after_gap(rows: pl.DataFrame) -> Flags:
    """Return which points begin more than a gap of snapshots after the end of the last."""
    since, before, after = (
        rows[name].cast(pl.Float64).fill_null(0.0).to_numpy()
        for name in ("since_s", "time_err_minus_s", "time_err_plus_s")
    )
    start, stop = since - before, since + after
    return np.append(True, start[1:] - stop[:-1] > SNAPSHOT_GAP_S)[: since.size]


@compiled
def _closed(
    first: Flags, signal: Reals, noise: Reals, goal: float, power: float
) -> Ints:
    """Return labels of groups that close at a signal of goal x variance^power.

    The remainder of a snapshot joins the group before it.
    """
    labels = np.zeros(first.size, np.int64)
    label, begin, closed_in_run = -1, 0, False
    total, variance, is_open = 0.0, 0.0, False
    for k in range(first.size + 1):
        if k == first.size or first[k]:
            if is_open and closed_in_run:
                labels[begin:k] = label - 1
                label -= 1
            is_open, closed_in_run = False, False
        if k == first.size:
            break
        if not is_open:
            label += 1
            begin, is_open = k, True
            total, variance = 0.0, 0.0
        labels[k] = label
        total += signal[k]
        variance += noise[k]
        if variance > 0 and total >= goal * variance**power:
            is_open, closed_in_run = False, True
    return labels


def _blocks(first: Flags, signal: Reals, noise: Reals, live: Reals, p0: float) -> Ints:
    """Return labels of Bayesian blocks of each series, of counts or of values with errors.

    Scargle et al. 2013, ApJ 764, 167: sections 3.2 (counts) and 3.3 (values), eq. 21.
    """
    labels = np.zeros(first.size, dtype=np.int64)
    edges = np.append(np.flatnonzero(first), first.size).tolist()
    number = 0
    for start, stop in itertools.pairwise(edges):
        size = stop - start
        if size > MOST_IN_BLOCKS:
            raise QueryError(
                f"Bayesian blocks of {size:,} points take long; {MOST_IN_BLOCKS:,} is the "
                "most: choose a part with curve.only(…), or bins of a width"
            )
        penalty = 4 - np.log(73.53 * p0 * size**-0.478)
        part = slice(start, stop)
        if live[start] > 0:
            cuts = count_edges(signal[part], live[part], penalty)
        else:
            cuts = block_edges(signal[part], 1 / noise[part], penalty)
        labels[part] = number + np.repeat(np.arange(cuts.size - 1), np.diff(cuts))
        number += cuts.size - 1
    return labels


@compiled
def count_edges(counts: Reals, live: Reals, penalty: float) -> Ints:
    """Return the edges of blocks of constant rate in counts of live time, from 0 to n."""
    n = counts.size
    best = np.zeros(n + 1)
    last = np.zeros(n + 1, np.int64)
    for i in range(n):
        top, number, seconds = -np.inf, 0.0, 0.0
        for j in range(i, -1, -1):
            number += counts[j]
            seconds += live[j]
            score = best[j]
            if number > 0:
                score += number * np.log(number / seconds)
            if score > top:
                top, last[i + 1] = score, j
        best[i + 1] = top - penalty
    return edges_of(last)
