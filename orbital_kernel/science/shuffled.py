"""How often each kind of rare event comes from data in which there is none.

The data are shuffled so that each kind's null hypothesis is true, and ranked as usual.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science import rarity
from orbital_kernel.science.afterglows import coverages, examined
from orbital_kernel.science.columns import TT
from orbital_kernel.science.extreme_hardness import extreme_hardness
from orbital_kernel.science.new_sources import detectable, new_sources

FOUND = 0.01
CLOSE = 4
BLOCK = 10
"""Sources of similar flux among which it is shuffled which of them are missed."""
Reals = NDArray[np.float64]
Frames = Mapping[str, pl.DataFrame]
Chances = tuple[Reals, int]
"""p-values of the ranked rows, and how many rows were examined."""


@dataclass(frozen=True)
class FalseAlarms:
    """Ranks of one kind in shuffled data.

    Attributes
    ----------
    kind
        The kind of rare event.
    searches
        How many times the data were shuffled.
    examined
        Rows examined in all searches.
    alarms
        Rows whose expected number by chance was at most `expected`.
    stated
        The most alarms that `expected` allows: expected times searches.
    share
        Share of the examined rows with a p-value of 0.05 or less.
    """

    kind: str
    searches: int
    examined: int
    alarms: int
    stated: float
    share: float


def false_alarms(
    kind: str, frames: Frames, *, searches: int, expected: float = 0.1, seed: int = 1
) -> FalseAlarms:
    """Return how often shuffled data give rare events of a kind.

    Parameters
    ----------
    kind
        One of SHUFFLES.
    frames
        What the kind's ranking reads: 'rows', and for afterglows also 'intervals' and
        'pairs'.
    searches
        How many times to shuffle.
    expected
        The expected number by chance at which a row counts as an alarm.
    seed
        Seed of the shuffles.
    """
    alarms = low = trials = 0
    for k in range(searches):
        p, number = SHUFFLES[kind](frames, np.random.default_rng([seed, k]))
        alarms += int((p * number <= expected).sum())
        low += int((p <= 0.05).sum())
        trials += number
    share = low / max(trials, 1)
    return FalseAlarms(kind, searches, trials, alarms, expected * searches, share)


def _variability(frames: Frames, rng: np.random.Generator) -> Chances:
    """Shuffle the residuals of points, in units of their errors, among constant curves.

    Curves that are rare as observed are taken out first.
    """
    keys = ["observatory", "object", "instrument", "unit", "band"]
    found = rarity.variable(frames["rows"]).filter(pl.col("expected") <= FOUND)
    points = frames["rows"].join(found, on=keys, how="anti", maintain_order="left")
    error = (pl.col("value_err_plus") + pl.col("value_err_minus")) / 2
    mean = ((pl.col("value") / error**2).sum() / (1 / error**2).sum()).over(keys)
    number = pl.len().over(keys)
    inflate = (number / (number - 1)).sqrt()
    frame = points.with_columns(
        mean.alias("_mean"),
        error.alias("_error"),
        ((pl.col("value") - mean) / error * inflate).alias("_residual"),
    )
    residual = pl.Series(rng.permutation(frame["_residual"].to_numpy()))
    value = frame["_mean"] + frame["_error"] * residual
    ranked = rarity.variable(points.with_columns(value.alias("value")))
    p = ranked["p_value"].drop_nulls().to_numpy()
    return p, p.size


def _flux_ratio(frames: Frames, rng: np.random.Generator) -> Chances:
    """Give each source the partner flux of another pair of similar flux.

    Pairs that are rare as observed are taken out first.
    """
    used = rarity.flux_ratios(frames["rows"]).filter(pl.col("expected") > FOUND)
    parts = []
    for _, group in used.group_by("kind", maintain_order=True):
        ordered = group.sort("flux_a", descending=True)
        other = ordered["flux_b"].to_numpy().copy()
        for first in range(0, other.size, CLOSE):
            rng.shuffle(other[first : first + CLOSE])
        parts.append(ordered.with_columns(pl.Series("flux_b", other)))
    ranked = rarity.flux_ratios(pl.concat(parts).drop("p_value", "expected"))
    return ranked["p_value"].to_numpy(), len(ranked)


def _transient(frames: Frames, rng: np.random.Generator) -> Chances:
    """Shuffle which sources are missed among those of similar flux."""
    parts = []
    for _, group in frames["rows"].group_by("kind", maintain_order=True):
        ordered = group.sort("flux", descending=True)
        matched = ordered["matched"].to_numpy().copy()
        for first in range(0, matched.size, BLOCK):
            rng.shuffle(matched[first : first + BLOCK])
        parts.append(ordered.with_columns(pl.Series("matched", matched)))
    ranked = rarity.missed(pl.concat(parts))
    return ranked["p_value"].to_numpy(), sum(map(len, parts))


def _hardness(frames: Frames, rng: np.random.Generator) -> Chances:
    """Deal the counts of all sources of a kind to the sources, totals kept."""
    parts = []
    for _, group in frames["rows"].group_by("kind", maintain_order=True):
        total = (group["soft"] + group["hard"]).to_numpy()
        is_hard = np.zeros(total.sum(), dtype=np.int64)
        is_hard[: group["hard"].sum()] = 1
        rng.shuffle(is_hard)
        ends = np.cumsum(total)
        sums = np.append(0, np.cumsum(is_hard))
        hard = sums[ends] - sums[ends - total]
        parts.append(
            group.with_columns(pl.Series("hard", hard), pl.Series("soft", total - hard))
        )
    ranked = extreme_hardness(pl.concat(parts))
    return ranked["p_value"].to_numpy(), len(ranked)


def _new_source(frames: Frames, rng: np.random.Generator) -> Chances:
    """Draw both looks of constant sources as bright as those detected."""
    rows = frames["rows"]
    rate = (rows["counts"] / rows["exposure_s"]).to_numpy()
    counts, earlier = (
        rng.poisson(rate * rows[seconds].to_numpy() + rows[hidden].to_numpy())
        for seconds, hidden in (
            ("exposure_s", "background"),
            ("earlier_s", "earlier_background"),
        )
    )
    net = counts - rows["background"].to_numpy()
    detected = counts >= detectable(rows["background"].to_numpy())
    unseen = earlier < detectable(rows["earlier_background"].to_numpy())
    redrawn = rows.with_columns(pl.Series("counts", net, dtype=pl.Float64))
    ranked = new_sources(redrawn.filter(pl.Series(detected & unseen)))
    return ranked["p_value"].to_numpy(), int(detected.sum())


def _afterglow(frames: Frames, rng: np.random.Generator) -> Chances:
    """Give each burst a trigger time at random in the span of the good time."""
    good = frames["intervals"]
    start, stop = (
        good[name].cast(TT).cast(pl.Int64).to_numpy() for name in ("time", "time_stop")
    )
    low, high = int(start.min()), int(stop.max())
    times = rng.integers(low, high, len(frames["rows"]))
    bursts = pl.DataFrame({"time": pl.Series(times).cast(TT)})
    ranked = coverages(bursts, good, frames["pairs"], within_days=3.0)
    return ranked["p_value"].to_numpy(), examined(bursts, good)


SHUFFLES: dict[str, Callable[[Frames, np.random.Generator], Chances]] = {
    "variability": _variability,
    "flux-ratio": _flux_ratio,
    "transient": _transient,
    "extreme-hardness": _hardness,
    "new-source": _new_source,
    "serendipitous-afterglow": _afterglow,
}
"""Lone bursts are the detector's: their false alarms are measured with it."""
