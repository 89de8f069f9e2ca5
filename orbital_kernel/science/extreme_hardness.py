"""Sources harder or softer than their catalogue's others, valid at few counts.

Given its total, the hard counts of a source are beta-binomial: binomial about a hardness
that scatters from source to source as a beta distribution, fitted to all sources of the
kind. The posterior of each hardness is BEHR's of a flat prior, without background.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand, fill
from orbital_kernel.science.counting import SIGMA

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_SOURCES = 20
FITTED = 4_000
MOST_COUNTS = 1_000
"""Above it the beta-binomial counts as a beta of the same mean and width."""
TIGHTEST = 1e6
COUNTS = ("soft", "hard")


def counts_of_rates(
    rate: pl.Expr, error: pl.Expr, other: pl.Expr, other_error: pl.Expr
) -> list[pl.Expr]:
    """Return effective soft and hard counts of two rates with 1-sigma errors.

    They are (rate / error)^2, both brought to the scale of their sum.
    """
    scale = (rate + other) / (error**2 + other_error**2)
    pairs = zip(COUNTS, (rate, other), strict=True)
    return [(value * scale).round().cast(pl.Int64).alias(n) for n, value in pairs]


def counts_of_ratio(ratio: pl.Expr, low: pl.Expr, high: pl.Expr) -> list[pl.Expr]:
    """Return the soft and hard counts whose posterior has this ratio and 1-sigma bounds."""
    share, width = (1 + ratio) / 2, (high - low) / 4
    total = share * (1 - share) / width**2 - 3
    hard = (share * (total + 2) - 1).clip(0, total)
    return [
        value.round().cast(pl.Int64, strict=False).alias(n)
        for n, value in zip(COUNTS, (total - hard, hard), strict=True)
    ]


def extreme_hardness(sources: pl.DataFrame, *, seed: int = 1) -> pl.DataFrame:
    """Rank sources by how unusual their hardness is among those of their kind.

    Parameters
    ----------
    sources
        kind (catalogue and bands), soft and hard (counts).
    seed
        Seed of the numbers that break ties of `randomised`.

    Returns
    -------
    polars.DataFrame
        Sources of kinds with 20 or more, with ratio (H - S) / (H + S), ratio_low and
        ratio_high (1 sigma), usual (ratio of the kind), statistic (Gaussian sigma of the
        p-value, positive if harder), p_value (two-sided, never below the truth),
        randomised and expected (p_value times the sources ranked); rarest first.

    References
    ----------
    Park et al. 2006, ApJ 652, 610 (posterior of the ratio; index 1, without background it
    is a beta distribution).
    """
    from scipy import special

    demand(sources, "kind", *COUNTS, subject="sources with two bands")
    used = fill(sources, {"simulated": pl.Boolean()}).filter(
        pl.col("soft") >= 0,
        pl.col("hard") >= 0,
        pl.col("soft") + pl.col("hard") > 0,
        pl.len().over("kind") >= LEAST_SOURCES,
    )
    rng = np.random.default_rng(seed)
    parts = [
        _ranked_kind(part, rng)
        for _, part in used.group_by("kind", maintain_order=True)
    ]
    rows = pl.concat(parts) if parts else _ranked_kind(used, rng)
    s, h = rows["soft"].to_numpy(), rows["hard"].to_numpy()
    ends = [
        2 * special.betaincinv(h + 1.0, s + 1.0, q) - 1
        for q in ((1 - SIGMA) / 2, (1 + SIGMA) / 2)
    ]
    side = np.sign((h - s) / np.maximum(h + s, 1) - rows["usual"].to_numpy())
    p = rows["p_value"].to_numpy()
    return rows.with_columns(
        pl.Series("ratio", (h - s) / (h + s + 2.0), dtype=pl.Float64),
        pl.Series("ratio_low", ends[0], dtype=pl.Float64),
        pl.Series("ratio_high", ends[1], dtype=pl.Float64),
        pl.Series("statistic", -side * special.ndtri(p / 2), dtype=pl.Float64),
        pl.Series("expected", p * len(rows), dtype=pl.Float64),
    ).sort("p_value", pl.col("statistic").abs(), descending=[False, True])


def _ranked_kind(part: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    soft, hard = (part[n].to_numpy().astype(np.int64) for n in COUNTS)
    mean, weight = _population(soft, hard) if len(part) else (0.5, 1.0)
    above, equal = _tails(hard, soft + hard, mean * weight, (1 - mean) * weight)
    below = 1 - above - equal
    p = 2 * np.minimum(above, below) + 2 * equal
    one_sided = above + rng.uniform(size=len(part)) * equal
    randomised = 2 * np.minimum(one_sided, 1 - one_sided)
    return part.with_columns(
        pl.lit(2 * mean - 1, pl.Float64).alias("usual"),
        pl.Series("p_value", np.clip(p, 1e-300, 1.0), dtype=pl.Float64),
        pl.Series("randomised", np.clip(randomised, 0.0, 1.0), dtype=pl.Float64),
    )


def _population(soft: Ints, hard: Ints) -> tuple[float, float]:
    """Return mean and weight (a + b) of the beta distribution of hardness: most likely."""
    from scipy import optimize, special

    step = max(soft.size // FITTED, 1)
    s, h = soft[::step], hard[::step]
    mean = (h.sum() + 1) / (s.sum() + h.sum() + 2)

    def cost(values: Reals) -> float:
        middle = special.expit(values[0])
        weight = min(np.exp(values[1]), TIGHTEST)
        a, b = middle * weight, (1 - middle) * weight
        likely = special.betaln(h + a, s + b) - special.betaln(a, b)
        return -float(likely.sum())

    best = optimize.minimize(
        cost, [special.logit(mean), np.log(10.0)], method="Nelder-Mead"
    ).x
    return float(special.expit(best[0])), float(min(np.exp(best[1]), TIGHTEST))


def _tails(hard: Ints, total: Ints, a: float, b: float) -> tuple[Reals, Reals]:
    """Return the chance of more than, and of exactly, so many hard counts."""
    from scipy import special

    above, equal = np.empty(hard.size), np.empty(hard.size)
    for number in np.unique(total):
        rows = total == number
        if number > MOST_COUNTS:
            mean, weight = a / (a + b), a + b
            shrunk = (number * (weight + 1)) / (weight + number) - 1
            share = np.clip(hard[rows] / number, 1e-12, 1 - 1e-12)
            above[rows] = special.betaincc(mean * shrunk, (1 - mean) * shrunk, share)
            equal[rows] = 0.0
            continue
        k = np.arange(number + 1)
        log = (
            special.gammaln(number + 1)
            - special.gammaln(k + 1)
            - special.gammaln(number - k + 1)
            + special.betaln(k + a, number - k + b)
            - special.betaln(a, b)
        )
        chance = np.exp(log - special.logsumexp(log))
        tail = np.append(np.cumsum(chance[::-1])[::-1], 0.0)
        equal[rows], above[rows] = chance[hard[rows]], tail[hard[rows] + 1]
    return above, equal
