"""Sources that one observatory sees and the other, which observed there, does not.

How often a source is missed falls with its flux. That chance is fitted as a logistic
function of log flux, together with a share of sources that are missed whatever their
flux: those are the transients, and they do not make the null more lenient.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand

Reals = NDArray[np.float64]

STEEPEST = 20.0
"""Most of the logistic slope per unit of ln flux."""
START = 1.5, -6.0
"""Slope, and logit of the share missed at any flux, from which the fit starts."""
LEAST_SOURCES = 30
"""Of fewer sources no chance is fitted: it is the share missed of those as bright."""
PRIOR = 0.5
"""Sources each missed and seen at the median flux, added so that fits end."""


def missed(sources: pl.DataFrame, *, seed: int = 1) -> pl.DataFrame:
    """Rank sources that one observatory sees and the other, which observed there, does not.

    Parameters
    ----------
    sources
        Every source that the other observatory covered: kind (catalogue and unit), flux,
        matched (whether the other sees it).
    seed
        Seed of the numbers that break ties of `randomised`.

    Returns
    -------
    polars.DataFrame
        The unmatched sources with as_bright (how many are at least as bright), missed_too
        (how many of those are also unmatched), statistic (flux over that of the faintest
        matched source of its kind), p_value (chance that a source of its flux is missed),
        randomised and expected (p_value times the covered sources of its kind).
    """
    rows = chances(sources, seed=seed).filter(~pl.col("matched"))
    return rows.sort("p_value", "statistic", descending=[False, True])


def chances(sources: pl.DataFrame, *, seed: int = 1) -> pl.DataFrame:
    """Return the columns of `missed` for every covered source.

    A source that is seen has p_value 1, and a randomised one above the chance of missing
    it: these are uniform where the fitted chance holds.
    """
    demand(sources, "kind", "flux", "matched", subject="covered sources")
    used = sources.filter(pl.col("flux") > 0).sort(
        "kind", "flux", descending=[False, True]
    )
    rng = np.random.default_rng(seed)
    parts = [
        _of_kind(part, rng) for _, part in used.group_by("kind", maintain_order=True)
    ]
    return pl.concat(parts) if parts else _of_kind(used, rng)


def _of_kind(part: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    flux, matched = part["flux"].to_numpy(), part["matched"].to_numpy()
    before = np.cumsum(~matched) - ~matched
    if len(part) < LEAST_SOURCES:
        chance = (before + 1) / (np.arange(len(part)) + 1)
    else:
        chance = _chance(np.log(flux), ~matched)
    draw = rng.uniform(size=len(part))
    randomised = np.where(matched, chance + draw * (1 - chance), draw * chance)
    faintest = pl.col("flux").filter("matched").min()
    return part.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("as_bright"),
        pl.Series("missed_too", before, dtype=pl.Int64),
        (pl.col("flux") / faintest).alias("statistic"),
        pl.Series("p_value", np.where(matched, 1.0, chance), dtype=pl.Float64),
        pl.Series("randomised", randomised, dtype=pl.Float64),
    ).with_columns((pl.col("p_value") * len(part)).alias("expected"))


def _chance(log_flux: Reals, is_missed: NDArray[np.bool_]) -> Reals:
    """Return the chance of missing each source: the logistic part of the fit."""
    from scipy import optimize, special

    if not log_flux.size:
        return np.empty(0)
    middle = float(np.median(log_flux))
    x = log_flux - middle

    def cost(values: Reals) -> float:
        curve = special.expit(values[0] - values[1] * x)
        always = special.expit(values[2])
        q = np.clip(always + (1 - always) * curve, 1e-12, 1 - 1e-12)
        prior = PRIOR * np.log(q_at(values) * (1 - q_at(values)))
        return -float(np.log(np.where(is_missed, q, 1 - q)).sum() + prior)

    def q_at(values: Reals) -> float:
        return float(np.clip(special.expit(values[0]), 1e-12, 1 - 1e-12))

    usual = (is_missed.sum() + PRIOR) / (is_missed.size + 2 * PRIOR)
    start = float(special.logit(usual))
    bounds = [(-30.0, 30.0), (0.0, STEEPEST), (-12.0, -1.0)]
    best = optimize.minimize(cost, [start, *START], method="L-BFGS-B", bounds=bounds).x
    return np.asarray(special.expit(best[0] - best[1] * x))
