"""Matched pairs whose flux ratio is far from the usual one of their catalogues.

Ratios of real catalogues scatter more than a Gaussian: sources vary, and errors, bands
and apertures differ from source to source. The null is therefore a Student's t. Of the
pairs farthest from the median only their number enters the fit, so that a few rare ones do
not hide each other, while tails that all pairs share widen the null.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand

Reals = NDArray[np.float64]

MAD_TO_SIGMA = 1.4826
CENSORED = 0.02
"""Share of the pairs, farthest from the median, whose distance is not used."""
LEAST_PAIRS = 20
"""Of fewer pairs the tails are not fitted: FEW_DEGREES is assumed."""
FEW_DEGREES = 3.0
DEGREES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 18.0, 30.0, 60.0, 200.0)
"""Degrees of freedom that are tried, evenly in their logarithm; at 200 nearly Gaussian."""


def flux_ratios(pairs: pl.DataFrame) -> pl.DataFrame:
    """Rank matched pairs by how far their flux ratio is from the usual one.

    Parameters
    ----------
    pairs
        kind (which two catalogues and units), flux_a, flux_b. Pairs without both fluxes
        above zero are not ranked.

    Returns
    -------
    polars.DataFrame
        The pairs with log10_ratio, usual (median of the kind), statistic (deviation in
        the fitted scale, signed), degrees (of freedom of the fitted t), p_value
        (two-sided), expected (p_value times the pairs ranked); rarest first.
    """
    demand(pairs, "kind", "flux_a", "flux_b", subject="matched pairs")
    used = pairs.filter(pl.col("flux_a") > 0, pl.col("flux_b") > 0).with_columns(
        (pl.col("flux_a") / pl.col("flux_b")).log10().alias("log10_ratio")
    )
    parts = [_of_kind(part) for _, part in used.group_by("kind", maintain_order=True)]
    rows = pl.concat(parts) if parts else _of_kind(used)
    return rows.with_columns(
        (pl.col("p_value") * len(rows)).alias("expected"),
    ).sort("p_value", pl.col("statistic").abs(), descending=[False, True])


def _of_kind(part: pl.DataFrame) -> pl.DataFrame:
    from scipy import stats

    ratio = part["log10_ratio"].to_numpy()
    usual = float(np.median(ratio)) if ratio.size else 0.0
    fits = tails(ratio - usual)
    scale, degrees, _ = max(fits, key=lambda fit: fit[2])
    off = (ratio - usual) / scale if scale > 0 else np.full(ratio.size, np.nan)
    p = np.zeros(ratio.size)
    for size, number, weight in fits:
        if size > 0:
            p += weight * 2 * stats.t.sf(np.abs(ratio - usual) / size, number)
    return part.with_columns(
        pl.lit(usual, pl.Float64).alias("usual"),
        pl.Series("statistic", off, dtype=pl.Float64),
        pl.lit(degrees, pl.Float64).alias("degrees"),
        pl.Series("p_value", np.minimum(p, 1.0), dtype=pl.Float64),
    ).filter(pl.col("statistic").is_finite())


def tails(off: Reals) -> list[tuple[float, float, float]]:
    """Return scale, degrees of freedom and weight of the t's that deviations may follow.

    For each of DEGREES the likeliest scale; weights are the likelihoods, so that chances
    averaged by them include how uncertain the tails are. The farthest CENSORED share of
    the deviations counts as beyond the others, however far.
    """
    from scipy import optimize, stats

    size = np.sort(np.abs(off))
    spread = MAD_TO_SIGMA * float(np.median(size)) if size.size else 0.0
    if spread <= 0 or size.size < LEAST_PAIRS:
        return [(spread, FEW_DEGREES, 1.0)]
    beyond = max(int(np.ceil(CENSORED * size.size)), 1)
    inner, edge = size[:-beyond], size[-beyond - 1]

    def cost(log_scale: float, degrees: float) -> float:
        scale = np.exp(log_scale)
        inside = stats.t.logpdf(inner / scale, degrees).sum() - inner.size * log_scale
        return -float(inside + beyond * stats.t.logsf(edge / scale, degrees))

    around = (float(np.log(spread)) - 1.5, float(np.log(spread)) + 1.5)
    fits = [
        optimize.minimize_scalar(cost, bounds=around, args=(n,), method="bounded")
        for n in DEGREES
    ]
    costs = np.array([float(fit.fun) for fit in fits])
    weights = np.exp(costs.min() - costs)
    weights /= weights.sum()
    return [
        (float(np.exp(fit.x)), degrees, float(weight))
        for fit, degrees, weight in zip(fits, DEGREES, weights, strict=True)
    ]
