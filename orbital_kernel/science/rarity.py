"""How rare something is: a statistic, a null hypothesis, and the expected number by chance.

Each function ranks the rows it is given, rarest first. `statistic` orders them,
`p_value` is the chance of as much under the null hypothesis in NULLS, `expected` how
many of the examined rows would reach it by chance (p times trials). No row is dropped.
"""

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand, fill, finite
from orbital_kernel.science.lowcounts import constancy, whole_counts

Reals = NDArray[np.float64]

LEAST_POINTS = 5
LEAST_COUNTS = 15
DETECTED = ~pl.col("is_limit").fill_null(value=False) & (pl.col("flux") > 0)
COUNT_RATES = ("count / s", "ct / s", "counts / s")
NULLS: Mapping[str, str] = {
    "variability": (
        "of whole counts the likelihood ratio against a constant source, its chance "
        "simulated exactly (Poisson); else chi-square of the points about their weighted "
        "mean; null: a constant source with Gaussian errors as given, if the errors are "
        "of 15 counts or more; limits excluded; one unit and band at a time"
    ),
    "flux-ratio": (
        "deviation of log10(flux a / flux b) from the median of all matched pairs of the "
        "same catalogues, in the pair's own scale: the scatter that all share, its errors "
        "of flux, and that among its epochs; null: a Student's t whose scale and tails are "
        "fitted to the 98 % nearest the median, with a pair's epochs as further degrees of "
        "freedom. Both fluxes are in one band and unit; pairs that cannot be converted are "
        "excluded and counted"
    ),
    "lone-burst": (
        "significance of the best window; null: the detector's false alarms, whose number "
        "a day its thresholds were calibrated to (expected is not given: it depends on "
        "the hours observed); lone means that no catalogue burst or notice coincides"
    ),
    "transient": (
        "flux over that of the faintest source both see; null: a source is missed with "
        "the chance of its flux, a logistic function of its logarithm fitted to all sources "
        "in the field both observed, beside a share that is missed at any flux; of fewer "
        "than 30 sources it is the share of those at least as bright that are missed"
    ),
    "extreme-hardness": (
        "sigma of the hard counts given the total, against a beta-binomial fitted to all "
        "sources of the same catalogue and bands; null: the hardness of sources scatters "
        "as that beta distribution. Exact at few counts (effective counts: those that give "
        "the stated errors)"
    ),
    "new-source": (
        "counts a constant source would have had in all earlier looks of its observatory "
        "at its place, over their limit; null: a constant source of the brightness that "
        "explains both best (p is never below the truth)"
    ),
    "serendipitous-afterglow": (
        "the days searched over the delay until good time at the burst's place; null: "
        "triggers at any time in the span of the observations, the place kept"
    ),
}


def variable(points: pl.DataFrame, *, seed: int = 1) -> pl.DataFrame:
    """Rank light curves by the significance of their variability.

    Parameters
    ----------
    points
        `photometry` rows with observatory, object, instrument, unit, band, value,
        value_err_plus and value_err_minus (in `unit`), is_limit, and exposure_s (s) if
        known. A curve is an object's points of one observatory, instrument, unit and band
        with at least five detections.
    seed
        Seed of the simulated counts.

    Returns
    -------
    polars.DataFrame
        observatory, object, instrument, unit, band, points, mean (in `unit`),
        fractional_variability (excess over the errors, as a share of the mean), statistic,
        simulated, degrees, test ('Poisson' for whole counts, else 'Gaussian'), p_value,
        randomised (the p-value with ties broken at random), expected. Curves of fewer
        counts than Gaussian errors allow have no p_value and are last.
    """
    keys = ("observatory", "object", "instrument", "unit", "band")
    demand(
        points, *keys, "value", "value_err_plus", "value_err_minus", subject="points"
    )
    error = (pl.col("value_err_plus") + pl.col("value_err_minus")) / 2
    types = {"simulated": pl.Boolean(), "exposure_s": pl.Float64()}
    used = (
        fill(points, types)
        .filter(~pl.col("is_limit").fill_null(value=False))
        .with_columns(finite("value"), error.alias("_error"))
        .filter(pl.col("value").is_not_null(), pl.col("_error") > 0)
    )
    rng = np.random.default_rng(seed)
    rows = [
        dict(zip(keys, key, strict=True)) | _curve(group, rng)
        for key, group in used.group_by(keys, maintain_order=True)
        if len(group) >= LEAST_POINTS
    ]
    shape = {**{name: pl.String() for name in keys}, **CURVE}
    curves = pl.DataFrame(rows, schema=shape)
    p = curves["p_value"].fill_null(np.nan).to_numpy()
    tested = int(np.isfinite(p).sum())
    return _ranked(curves.drop("p_value"), p, tested).with_columns(
        pl.col("p_value", "expected").fill_nan(None)
    )


CURVE: Mapping[str, pl.DataType] = {
    "points": pl.Int64(),
    "mean": pl.Float64(),
    "fractional_variability": pl.Float64(),
    "statistic": pl.Float64(),
    "simulated": pl.Boolean(),
    "degrees": pl.Int64(),
    "test": pl.String(),
    "p_value": pl.Float64(),
    "randomised": pl.Float64(),
}


def _curve(group: pl.DataFrame, rng: np.random.Generator) -> dict[str, object]:
    """Return one curve's mean, variability and the chance of it."""
    value, error = group["value"].to_numpy(), group["_error"].to_numpy()
    excess = max(float(np.var(value, ddof=1) - np.mean(error**2)), 0.0)
    row: dict[str, object] = {
        "points": value.size,
        "fractional_variability": math.sqrt(excess) / abs(float(value.mean()) or 1.0),
        "simulated": group["simulated"].max(),
        "degrees": value.size - 1,
    }
    exposure = group["exposure_s"].fill_null(np.nan).to_numpy()
    counts = None
    if group["unit"][0] in COUNT_RATES:
        counts = whole_counts(value, exposure)
    if counts is not None:
        exact = constancy(counts, exposure, rng)
        return row | {
            "mean": float(counts.sum() / exposure.sum()),
            "test": "Poisson",
            **exact._asdict(),
        }
    weight = 1 / error**2
    mean = float(np.sum(value * weight) / np.sum(weight))
    square = float(np.sum((value - mean) ** 2 * weight))
    row |= {"mean": mean, "statistic": square}
    if np.median((value / error) ** 2) < LEAST_COUNTS:
        return row | {"test": "too few counts for Gaussian errors"}
    p = chi_square_tail(square, value.size - 1)
    return row | {"test": "Gaussian", "p_value": p, "randomised": p}


def lone_bursts(excursions: pl.DataFrame) -> pl.DataFrame:
    """Rank excursions of cause burst that coincide with no known burst, most significant first."""
    demand(excursions, "cause", "matches", "significance", subject="bursts")
    return (
        excursions.filter(
            pl.col("cause") == "burst",
            pl.col("matches").fill_null("[]").is_in(["[]", ""]),
        )
        .with_columns(
            pl.col("significance").alias("statistic"),
            pl.lit(None, dtype=pl.Float64).alias("p_value"),
            pl.lit(None, dtype=pl.Float64).alias("expected"),
        )
        .sort("statistic", descending=True)
    )


def _ranked(rows: pl.DataFrame, p: Reals, trials: int | None = None) -> pl.DataFrame:
    number = len(rows) if trials is None else trials
    return rows.with_columns(
        pl.Series("p_value", p, dtype=pl.Float64),
        pl.Series("expected", p * number, dtype=pl.Float64),
    ).sort(
        "p_value", pl.col("statistic").abs(), descending=[False, True], nulls_last=True
    )


def chi_square_tail(value: float, degrees: int) -> float:
    """Return the chance of a chi-square at least as large, for integer degrees of freedom.

    The finite sum of Abramowitz & Stegun 26.4.4 and 26.4.5, terms as logarithms.
    """
    x = value / 2
    if x <= 0:
        return 1.0
    odd = degrees % 2
    powers = np.arange(odd / 2, degrees / 2)
    logs = powers * math.log(x) - x
    logs -= np.array([math.lgamma(power + 1) for power in powers])
    first = math.erfc(math.sqrt(x)) if odd else 0.0
    return min(first + float(np.exp(logs).sum()), 1.0)
