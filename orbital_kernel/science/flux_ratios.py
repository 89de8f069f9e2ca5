"""Matched pairs whose flux ratio is far from the usual one of their catalogues.

Ratios of real catalogues scatter more than a Gaussian, since sources differ: in the errors
of their fluxes, and in how much they vary. Each pair is therefore judged by a scatter of
its own: that of all pairs, the errors of its two fluxes, and the scatter among the epochs
of its two sources, as far as it is known. Its own epochs count as so many degrees of
freedom, the others' as many as fit the pairs best: a pair without epochs has a Student's t
with heavy tails, one with many a narrow one. Faint pairs often scatter more than bright
ones: the shared scatter may change with the flux, as far as the pairs show it. Tails that
nothing of this explains, which all pairs share, widen the null at the end. Of the pairs farthest off only their number
enters the fits, so that a few rare ones do not hide each other.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand, fill

Reals = NDArray[np.float64]

MAD_TO_SIGMA = 1.4826
CENSORED = 0.02
"""Share of the pairs, farthest from the median, whose distance is not used."""
LEAST_PAIRS = 20
"""Of fewer pairs the tails are not fitted: FEW_DEGREES is assumed."""
FEW_DEGREES = 3.0
DEGREES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 18.0, 30.0, 60.0, 200.0)
"""Degrees of freedom that are tried, evenly in their logarithm; at 200 nearly Gaussian."""
EVIDENCE = 3.0
"""Log of the likelihood ratio from which tails that remain are real."""
LEAST_BY_FLUX = 100
"""Of fewer pairs the scatter is the same at all fluxes."""
MOST_BY_FLUX = 20_000
"""Of more pairs every second, third … shows how the scatter changes with flux."""
FAINT, BRIGHT = -3.0, 5.0
"""Beyond these, in robust sigma of log flux, the scatter changes no more."""
OPTIONAL = {
    "error_a": pl.Float64(),
    "error_b": pl.Float64(),
    "epochs": pl.Int64(),
    "epoch_scatter": pl.Float64(),
}


@dataclass(frozen=True)
class Own:
    """What is known of the scatter of each pair, in log10.

    Attributes
    ----------
    error
        1-sigma error of the ratio, by the errors of both fluxes.
    freedom
        Degrees of freedom of the epochs: epochs less sources.
    squares
        Sum of the squared deviations among them.
    """

    error: Reals
    freedom: Reals
    squares: Reals

    @property
    def differs(self) -> bool:
        """Whether pairs are judged by different scatters."""
        return bool(self.error.any() or self.freedom.any())


@dataclass(frozen=True)
class Null:
    """A null hypothesis, how likely it is, and what it says of each pair.

    `scale` (n,) is in log10; `freedom` (n,) are degrees of a Student's t. `slope` is the
    change of the log of the shared scatter with `brightness`.
    """

    cost: float
    degrees: float
    scale: Reals
    freedom: Reals
    slope: float = 0.0


def flux_ratios(pairs: pl.DataFrame) -> pl.DataFrame:
    """Rank matched pairs by how far their flux ratio is from the usual one.

    Parameters
    ----------
    pairs
        kind (which two catalogues and units), flux_a, flux_b. If known, error_a and
        error_b (1 sigma, in the fluxes' unit), epochs (degrees of freedom: epochs of both
        sources, less one of each) and epoch_scatter (sum of the squared deviations of
        log10 flux among them). Pairs without both fluxes above zero are not ranked.

    Returns
    -------
    polars.DataFrame
        The pairs with log10_ratio, usual (median of the kind), scatter (1 sigma of the
        pair, log10), statistic (deviation in this scatter, signed), degrees (of freedom
        of its t), p_value (two-sided), expected (p_value times the pairs ranked); rarest
        first.
    """
    demand(pairs, "kind", "flux_a", "flux_b", subject="matched pairs")
    used = (
        fill(pairs, OPTIONAL)
        .filter(pl.col("flux_a") > 0, pl.col("flux_b") > 0)
        .with_columns(
            (pl.col("flux_a") / pl.col("flux_b")).log10().alias("log10_ratio")
        )
    )
    parts = [_of_kind(part) for _, part in used.group_by("kind", maintain_order=True)]
    rows = pl.concat(parts) if parts else _of_kind(used)
    return rows.with_columns(
        (pl.col("p_value") * len(rows)).alias("expected"),
    ).sort("p_value", pl.col("statistic").abs(), descending=[False, True])


def _of_kind(part: pl.DataFrame) -> pl.DataFrame:
    ratio = part["log10_ratio"].to_numpy()
    usual = float(np.median(ratio)) if ratio.size else 0.0
    off = ratio - usual
    own = _own(part)
    nulls = fitted(off, own)
    if off.size >= LEAST_BY_FLUX:
        nulls += by_flux(off, own, brightness(part), nulls)
    best = min(nulls, key=lambda null: null.cost)
    p = chances(off, nulls)
    if own.differs or best.slope:
        p = widened(p)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(best.scale > 0, off / best.scale, np.nan)
    return part.with_columns(
        pl.lit(usual, pl.Float64).alias("usual"),
        pl.Series("scatter", best.scale, dtype=pl.Float64),
        pl.Series("statistic", statistic, dtype=pl.Float64),
        pl.Series("degrees", best.freedom, dtype=pl.Float64),
        pl.Series("p_value", p, dtype=pl.Float64),
    ).filter(pl.col("statistic").is_finite())


def _own(part: pl.DataFrame) -> Own:
    """Return what the rows state of their scatter; 0 where they state nothing."""
    shares = [
        (pl.col(f"error_{side}") / pl.col(f"flux_{side}")).fill_null(0.0).fill_nan(0.0)
        for side in ("a", "b")
    ]
    error = (shares[0] ** 2 + shares[1] ** 2).sqrt() / np.log(10)
    known = pl.col("epoch_scatter").is_not_null() & (pl.col("epochs") > 0)
    columns = part.select(
        error.alias("error"),
        pl.when(known).then("epochs").otherwise(0).cast(pl.Float64).alias("freedom"),
        pl.when(known).then("epoch_scatter").otherwise(0.0).alias("squares"),
    )
    return Own(*(columns[name].to_numpy() for name in columns.columns))


def brightness(part: pl.DataFrame) -> Reals:
    """Return log flux of each pair (n,), the mean of both, in robust sigma of the median."""
    log_flux = part.select((pl.col("flux_a").log() + pl.col("flux_b").log()) / 2)
    level = log_flux.to_series().to_numpy()
    away = level - np.median(level)
    spread = MAD_TO_SIGMA * float(np.median(np.abs(away)))
    return np.asarray(np.clip(away / (spread or 1.0), FAINT, BRIGHT))


def fitted(off: Reals, own: Own) -> list[Null]:
    """Return the nulls that the deviations of pairs may follow, with their costs.

    For each of DEGREES, the freedom of what all pairs share, the likeliest scale. A
    pair's variance is the mean of the shared one and that of its epochs, by freedom.
    """
    from scipy import optimize

    spread = MAD_TO_SIGMA * float(np.median(np.abs(off))) if off.size else 0.0
    if spread <= 0 or off.size < LEAST_PAIRS:
        freedom = np.full(off.size, FEW_DEGREES)
        return [Null(0.0, FEW_DEGREES, np.full(off.size, spread), freedom)]
    around = (float(np.log(spread)) - 2.5, float(np.log(spread)) + 1.5)
    nulls = []
    for degrees in DEGREES:
        freedom, shape = _shape(own, degrees)

        def cost(
            log_scale: float, freedom: Reals = freedom, shape: Reals = shape
        ) -> float:
            return _cost(off, _scale(log_scale, shape, own.error), freedom)

        fit = optimize.minimize_scalar(cost, bounds=around, method="bounded")
        scale = _scale(float(fit.x), shape, own.error)
        nulls.append(Null(float(fit.fun), degrees, scale, freedom))
    return nulls


def by_flux(off: Reals, own: Own, bright: Reals, nulls: list[Null]) -> list[Null]:
    """Return nulls whose shared scatter changes with the flux, beside those of `fitted`.

    Their costs are of all pairs, with half the log of the number of pairs for the further
    parameter (Schwarz 1978), so that a change that the pairs do not show has no weight.
    """
    from scipy import optimize

    every = slice(None, None, -(-off.size // MOST_BY_FLUX))
    part = Own(own.error[every], own.freedom[every], own.squares[every])
    typical = _typical(own)
    result = []
    for null in nulls:
        freedom, shape = _shape(part, null.degrees, typical)

        def cost(at: Reals, freedom: Reals = freedom, shape: Reals = shape) -> float:
            scale = _scale(at[0] + at[1] * bright[every], shape, part.error)
            return _cost(off[every], scale, freedom)

        start = float(np.log(MAD_TO_SIGMA * np.median(np.abs(off))))
        simplex = [[start, 0.0], [start - 0.3, 0.0], [start, -0.3]]
        options = {
            "initial_simplex": simplex,
            "xatol": 1e-3,
            "fatol": 1e-2,
            "maxfev": 90,
        }
        fit = optimize.minimize(cost, simplex[0], method="Nelder-Mead", options=options)
        freedom, shape = _shape(own, null.degrees, typical)
        scale = _scale(fit.x[0] + fit.x[1] * bright, shape, own.error)
        total = _cost(off, scale, freedom) + np.log(off.size) / 2
        result.append(Null(total, null.degrees, scale, freedom, float(fit.x[1])))
    return result


def _shape(
    own: Own, degrees: float, typical: float | None = None
) -> tuple[Reals, Reals]:
    """Return the freedom of each pair, and its variance in that of the shared scatter."""
    freedom = degrees + own.freedom
    usual = _typical(own) if typical is None else typical
    return freedom, (degrees + own.squares / usual**2) / freedom


def _scale(log_scale: float | Reals, shape: Reals, error: Reals) -> Reals:
    """Return the scatter of each pair."""
    return np.asarray(np.sqrt(np.exp(2 * log_scale) * shape + error**2))


def _cost(off: Reals, scale: Reals, freedom: Reals) -> float:
    """Return the negative log-likelihood; of the farthest pairs only their number counts."""
    from scipy import special

    size = np.abs(off) / scale
    edge = _edge(size)
    inner = size <= edge
    inside = _log_density(size[inner], freedom[inner]) - np.log(scale[inner])
    outside = np.log(special.stdtr(freedom[~inner], -edge))
    return -float(inside.sum() + outside.sum())


def _log_density(size: Reals, freedom: Reals) -> Reals:
    """Return the log of the density of Student's t."""
    from scipy.special import gammaln

    half = (freedom + 1) / 2
    level = gammaln(half) - gammaln(freedom / 2) - np.log(np.pi * freedom) / 2
    return np.asarray(level - half * np.log1p(size**2 / freedom))


def _typical(own: Own) -> float:
    """Return the usual scatter of a source among its epochs, log10; 1 of none."""
    several = own.freedom > 0
    if not several.any():
        return 1.0
    variance = own.squares[several] / own.freedom[several]
    return float(np.sqrt(max(np.median(variance), 1e-12)))


def chances(off: Reals, nulls: list[Null]) -> Reals:
    """Return two-sided p-values (n,), averaged over the nulls by their likelihoods."""
    from scipy.special import stdtr

    costs = np.array([null.cost for null in nulls])
    weights = np.exp(costs.min() - costs)
    p = np.zeros(off.size)
    for null, weight in zip(nulls, weights / weights.sum(), strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.where(null.scale > 0, np.abs(off) / null.scale, np.nan)
        p += weight * 2 * stdtr(null.freedom, -size)
    return np.asarray(np.minimum(p, 1.0))


def widened(p: Reals) -> Reals:
    """Return p-values no smaller, so that those of all pairs together are even.

    Normal scores that are not normal show tails that no pair's own scatter explains: a
    Student's t is fitted to them, and used if it is likelier by EVIDENCE.
    """
    from scipy.special import ndtr, ndtri

    score = -np.asarray(ndtri(np.clip(p, 1e-300, 1.0) / 2))
    if score.size < LEAST_PAIRS or not np.isfinite(score).all():
        return p
    none = np.zeros(score.size)
    nulls = fitted(score, Own(none, none, none))
    best = min(nulls, key=lambda null: null.cost)
    beyond = score > _edge(score)
    normal = _log_density(score[~beyond], np.full((~beyond).sum(), DEGREES[-1])).sum()
    normal += beyond.sum() * np.log(ndtr(-_edge(score)))
    if best.cost > -normal - EVIDENCE:
        return p
    wide = [replace(null, scale=np.maximum(null.scale, 1.0)) for null in nulls]
    return np.maximum(p, chances(score, wide))


def _edge(size: Reals) -> float:
    """Return the size beyond which only the number of sizes counts."""
    beyond = max(int(np.ceil(CENSORED * size.size)), 1)
    return float(np.partition(size, -beyond - 1)[-beyond - 1])
