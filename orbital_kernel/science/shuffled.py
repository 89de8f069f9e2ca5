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
from orbital_kernel.science.flux_ratios import flux_ratios
from orbital_kernel.science.new_sources import detectable, new_sources
from orbital_kernel.science.transients import chances

FOUND = 0.1
"""Rows as rare as this in the data are taken out: they would recur in every search."""
BLOCK = 10
"""Sources of similar flux among which ratios, and misses, are exchanged."""
Reals = NDArray[np.float64]
Frames = Mapping[str, pl.DataFrame]
Chances = tuple[Reals, Reals | None, int]
"""p-values of the ranked rows, randomised ones if the kind has any, and rows examined."""


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
    randomised
        The same of randomised p-values, which break the ties of discrete data at random:
        0.05 if the null describes the shuffled data; None if the kind has none.
    """

    kind: str
    searches: int
    examined: int
    alarms: int
    stated: float
    share: float
    randomised: float | None


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
    even: list[Reals] = []
    for k in range(searches):
        p, exact, number = SHUFFLES[kind](frames, np.random.default_rng([seed, k]))
        alarms += int((p * number <= expected).sum())
        low += int((p <= 0.05).sum())
        trials += number
        even += [] if exact is None else [exact]
    share = low / max(trials, 1)
    randomised = float((np.concatenate(even) <= 0.05).mean()) if even else None
    stated = expected * searches
    return FalseAlarms(kind, searches, trials, alarms, stated, share, randomised)


def _variability(frames: Frames, rng: np.random.Generator) -> Chances:
    """Shuffle the residuals of points, in units of their errors, among constant curves.

    Curves that are rare as observed are taken out first. Residuals stay with the
    instrument, unit and band; photons of whole counts are dealt by exposure.
    """
    keys = ["observatory", "object", "instrument", "unit", "band"]
    observed = rarity.variable(frames["rows"]).filter(pl.col("p_value").is_not_null())
    usual = observed.filter(pl.col("expected") > FOUND).select(*keys, "test")
    points = frames["rows"].join(usual, on=keys, how="inner", maintain_order="left")
    error = (pl.col("value_err_plus") + pl.col("value_err_minus")) / 2
    mean = ((pl.col("value") / error**2).sum() / (1 / error**2).sum()).over(keys)
    number = pl.len().over(keys)
    inflate = (number / (number - 1)).sqrt()
    frame = points.with_columns(
        mean.alias("_mean"),
        error.alias("_error"),
        ((pl.col("value") - mean) / error * inflate).alias("_residual"),
    )
    parts = []
    kind = ["observatory", "instrument", "unit", "band", "test"]
    for key, group in frame.group_by(kind, maintain_order=True):
        if key[-1] == "Poisson":
            parts += [
                _dealt(curve, rng)
                for _, curve in group.group_by(keys, maintain_order=True)
            ]
            continue
        residual = pl.Series(rng.permutation(group["_residual"].to_numpy()))
        value = group["_mean"] + group["_error"] * residual
        parts.append(group.with_columns(value.alias("value")))
    names = frames["rows"].columns
    shuffled = pl.concat(part.select(names) for part in parts)
    tested = rarity.variable(shuffled).drop_nulls("p_value")
    return tested["p_value"].to_numpy(), tested["randomised"].to_numpy(), len(tested)


def _dealt(curve: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return a curve of whole counts whose photons are dealt to its points by exposure."""
    curve = curve.filter(pl.col("value").is_finite(), pl.col("exposure_s") > 0)
    exposure = curve["exposure_s"].to_numpy()
    total = round(float((curve["value"].to_numpy() * exposure).sum()))
    counts = rng.multinomial(total, exposure / exposure.sum())
    return curve.with_columns(pl.Series("value", counts / exposure))


def _flux_ratio(frames: Frames, rng: np.random.Generator) -> Chances:
    """Give each pair the deviation of one of similar flux, drawn with replacement.

    Pairs that are rare as observed are taken out first. Deviations are exchanged by their
    chances, so that each pair keeps the errors and the epochs by which it is judged.
    """
    from scipy.special import stdtrit

    used = flux_ratios(frames["rows"]).filter(pl.col("expected") > FOUND)
    parts = []
    for _, group in used.group_by("kind", maintain_order=True):
        ordered = group.sort("flux_a", descending=True)
        block = np.arange(len(ordered)) // BLOCK * BLOCK
        size = np.minimum(len(ordered) - block, BLOCK)
        drawn = block + rng.integers(0, size)
        tail = ordered["p_value"].to_numpy()[drawn] / 2
        off = -stdtrit(ordered["degrees"].to_numpy(), tail)
        off *= np.sign(ordered["statistic"].to_numpy()[drawn])
        off *= ordered["scatter"].to_numpy()
        ratio = pl.Series("_ratio", 10 ** (ordered["usual"].to_numpy() + off))
        exchanged = ordered.with_columns(ratio).with_columns(
            (pl.col("flux_a") / pl.col("_ratio")).alias("flux_b"),
            (
                pl.col("error_b")
                * pl.col("flux_a")
                / pl.col("_ratio")
                / pl.col("flux_b")
            ),
        )
        parts.append(exchanged)
    ranked = flux_ratios(pl.concat(parts).select(frames["rows"].columns))
    p = ranked["p_value"].to_numpy()
    return p, p, len(ranked)


def _transient(frames: Frames, rng: np.random.Generator) -> Chances:
    """Shuffle which sources are missed among those of similar flux.

    Sources that are rare as observed are taken out first.
    """
    names = frames["rows"].columns
    used = chances(frames["rows"]).filter(pl.col("expected") > FOUND).select(names)
    parts = []
    for _, group in used.group_by("kind", maintain_order=True):
        ordered = group.sort("flux", descending=True)
        matched = ordered["matched"].to_numpy().copy()
        for first in range(0, matched.size, BLOCK):
            rng.shuffle(matched[first : first + BLOCK])
        parts.append(ordered.with_columns(pl.Series("matched", matched)))
    ranked = chances(pl.concat(parts))
    return (
        ranked["p_value"].to_numpy(),
        ranked["randomised"].to_numpy(),
        len(ranked),
    )


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
    return ranked["p_value"].to_numpy(), ranked["randomised"].to_numpy(), len(ranked)


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
    return ranked["p_value"].to_numpy(), None, int(detected.sum())


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
    return ranked["p_value"].to_numpy(), None, examined(bursts, good)


SHUFFLES: dict[str, Callable[[Frames, np.random.Generator], Chances]] = {
    "variability": _variability,
    "flux-ratio": _flux_ratio,
    "transient": _transient,
    "extreme-hardness": _hardness,
    "new-source": _new_source,
    "serendipitous-afterglow": _afterglow,
}
"""Lone bursts are the detector's: their false alarms are measured with it."""
