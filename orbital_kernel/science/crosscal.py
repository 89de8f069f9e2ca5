"""One constant between two instruments' fluxes: robust, with its scatter and trends.

Ratios are logarithms, so that which instrument is first does not matter. A Huber
M-estimator gives outliers little weight; the intrinsic scatter is what the errors must be
widened by for the median residual to be that of a Gaussian. Intervals are from a bootstrap
over objects, because pairs of one object share its spectrum.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand

Reals = NDArray[np.float64]

HUBER = 1.345
"""95 % efficient for a Gaussian (Huber 1981, Robust Statistics)."""
NORMAL_MAD = 0.6744897501960817
OUTLIER_SIGMA = 3.0
FEWEST_PAIRS = 3
FEWEST_FOR_TREND = 8
STEPS = 40
TOLERANCE = 1e-5
YEAR_S = 365.25 * 86_400


class Line(NamedTuple):
    """A robust line of log ratios: value at the centre, slope, and intrinsic scatter."""

    centre: float
    slope: float
    scatter: float


def constants(
    pairs: pl.DataFrame,
    *,
    bootstraps: int = 300,
    confidence: float = 0.68,
    seed: int = 1,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the constant of each pair of instruments, and the pairs with residuals.

    Parameters
    ----------
    pairs
        kind (the two instruments), object, time, flux_a and flux_b above zero with
        flux_a_err and flux_b_err (1 sigma), in one unit and band.
    bootstraps
        Number of resampled sets.
    confidence
        Confidence of the intervals.
    seed
        Seed of the random numbers.

    Returns
    -------
    tuple of polars.DataFrame
        By kind: pairs, objects, constant (flux a / flux b), constant_low and
        constant_high, scatter (intrinsic, 1 sigma, in natural log: about a fraction),
        trend_per_year and flux_trend (d ln ratio per year and per ln flux) with low and
        high, outliers. And the pairs with ratio, ratio_err, residual_sigma and is_outlier.
        A kind with fewer than 3 pairs has no constant, with fewer than 8 no trend.

    References
    ----------
    Huber 1964, Ann. Math. Stat. 35, 73.
    """
    demand(pairs, "kind", "object", "time", "flux_a", "flux_b", subject="pairs")
    rows = pairs.with_columns(
        (pl.col("flux_a") / pl.col("flux_b")).alias("ratio"),
        (
            (pl.col("flux_a_err") / pl.col("flux_a")) ** 2
            + (pl.col("flux_b_err") / pl.col("flux_b")) ** 2
        )
        .sqrt()
        .alias("_error"),
    )
    rng = np.random.default_rng(seed)
    summaries, residuals = [], []
    for (kind,), group in rows.group_by(["kind"], maintain_order=True):
        summary, sigma = _of_kind(group, bootstraps, confidence, rng)
        summaries.append({"kind": kind, **summary})
        residuals.append(
            group.with_columns(
                pl.Series("residual_sigma", sigma, dtype=pl.Float64).fill_nan(None)
            )
        )
    with_residuals = (
        pl.concat(residuals)
        if residuals
        else rows.with_columns(pl.lit(None, pl.Float64).alias("residual_sigma"))
    )
    outlying = pl.col("residual_sigma").abs() > OUTLIER_SIGMA
    return pl.DataFrame(summaries, schema=SUMMARY), with_residuals.with_columns(
        (pl.col("ratio") * pl.col("_error")).alias("ratio_err"),
        outlying.fill_null(value=False).alias("is_outlier"),
    ).drop("_error")


SUMMARY = {
    "kind": pl.String(),
    "pairs": pl.Int64(),
    "objects": pl.Int64(),
    **{
        name: pl.Float64()
        for name in (
            *("constant", "constant_low", "constant_high", "scatter"),
            *("trend_per_year", "trend_low", "trend_high"),
            *("flux_trend", "flux_trend_low", "flux_trend_high"),
        )
    },
    "outliers": pl.Int64(),
}


def _of_kind(
    group: pl.DataFrame, bootstraps: int, confidence: float, rng: np.random.Generator
) -> tuple[dict[str, float | int | None], Reals]:
    """Return the summary of one kind, and each pair's residual in sigma."""
    log = np.log(group["ratio"].to_numpy())
    error = group["_error"].to_numpy()
    objects = group["object"].fill_null("").rank("dense").to_numpy().astype(int) - 1
    summary: dict[str, float | int | None] = {
        "pairs": len(group),
        "objects": int(objects.max()) + 1,
    }
    if log.size < FEWEST_PAIRS:
        return summary, np.full(log.size, np.nan)
    flat = np.zeros(log.size)
    best = robust_line(flat, log, error)
    drawn = [
        robust_line(flat[rows], log[rows], error[rows], best.scatter).centre
        for rows in _draws(objects, bootstraps, rng)
    ]
    low, high = _interval(drawn, confidence)
    sigma = (log - best.centre) / np.hypot(error, best.scatter)
    summary |= {
        "constant": float(np.exp(best.centre)),
        "constant_low": float(np.exp(low)),
        "constant_high": float(np.exp(high)),
        "scatter": best.scatter,
        "outliers": int(np.sum(np.abs(sigma) > OUTLIER_SIGMA)),
    }
    if log.size >= FEWEST_FOR_TREND:
        years = group["time"].cast(pl.Int64).to_numpy() / 1e9 / YEAR_S
        product = group["flux_a"].to_numpy() * group["flux_b"].to_numpy()
        for name, values in (("trend", years), ("flux_trend", np.log(product) / 2)):
            x = values - values.mean()
            line = robust_line(x, log, error)
            slopes = [
                robust_line(x[rows], log[rows], error[rows], line.scatter).slope
                for rows in _draws(objects, bootstraps, rng)
            ]
            ends = _interval(slopes, confidence)
            column = "trend_per_year" if name == "trend" else name
            summary[column] = line.slope
            summary |= {f"{name}_low": ends[0], f"{name}_high": ends[1]}
    return summary, sigma


def _draws(
    objects: NDArray[np.int64], bootstraps: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return resampled rows: whole objects, or single pairs if there are few objects."""
    number = int(objects.max()) + 1
    if number < FEWEST_FOR_TREND:
        return list(rng.integers(0, objects.size, (bootstraps, objects.size)))
    members = [np.flatnonzero(objects == k) for k in range(number)]
    return [
        np.concatenate([members[k] for k in rng.integers(0, number, number)])
        for _ in range(bootstraps)
    ]


def _interval(values: list[float], confidence: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def robust_line(x: Reals, y: Reals, error: Reals, scatter: float | None = None) -> Line:
    """Return the line through y(x) by Huber's M-estimator, with its intrinsic scatter.

    Without spread in x the slope is 0; a given scatter is kept.
    """
    design = np.stack([np.ones(x.size), x])[: 2 if np.ptp(x) > 0 else 1]
    fit = np.zeros(len(design))
    fit[0] = np.median(y)
    wide = scatter or 0.0
    for _ in range(STEPS):
        residual = y - fit @ design
        wide = intrinsic(residual, error) if scatter is None else scatter
        sigma = np.maximum(np.hypot(error, wide), 1e-12)
        z = np.abs(residual) / sigma
        weight = np.minimum(1.0, HUBER / np.maximum(z, 1e-12)) / sigma**2
        moved = np.linalg.solve((design * weight) @ design.T, (design * weight) @ y)
        if np.abs(moved - fit).max() < TOLERANCE:
            break
        fit = moved
    return Line(float(fit[0]), float(fit[1]) if fit.size > 1 else 0.0, wide)


def intrinsic(residual: Reals, error: Reals) -> float:
    """Return the scatter beyond the errors by which half the residuals are within 0.67 sigma."""
    square = residual**2
    low, high = 0.0, float(np.max(square)) / NORMAL_MAD**2
    if np.median(square / np.maximum(error**2, 1e-24)) <= NORMAL_MAD**2:
        return 0.0
    for _ in range(30):
        middle = (low + high) / 2
        above = np.median(square / (error**2 + middle)) > NORMAL_MAD**2
        low, high = (middle, high) if above else (low, middle)
    return float(np.sqrt(high))
