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

Reals = NDArray[np.float64]

LEAST_POINTS = 5
MAD_TO_SIGMA = 1.4826
NULLS: Mapping[str, str] = {
    "variability": (
        "chi-square of the points about their weighted mean; null: a constant source "
        "with Gaussian errors as given; limits excluded; one unit and band at a time"
    ),
    "flux-ratio": (
        "deviation of log10(flux a / flux b) from the median of all matched pairs of the "
        "same catalogues, in robust sigma (1.4826 MAD); null: the pairs scatter as a "
        "Gaussian of that width. Bands are not converted: the median carries the "
        "difference of bands and units, the scatter that of spectra"
    ),
    "lone-burst": (
        "significance of the best window; null: the detector's false alarms, whose number "
        "a day its thresholds were calibrated to (expected is not given: it depends on "
        "the hours observed); lone means that no catalogue burst or notice coincides"
    ),
    "transient": (
        "share of the sources at least as bright, in the field both observed, that the "
        "other observatory misses too; null: it is missed as such sources usually are. "
        "p is (missed + 1) / (as bright + 1), so no smaller than the sample allows"
    ),
}


def variable(points: pl.DataFrame) -> pl.DataFrame:
    """Rank light curves by the significance of their variability.

    Parameters
    ----------
    points
        `photometry` rows with observatory, object, instrument, unit, band, value,
        value_err_plus and value_err_minus (in `unit`), is_limit. A curve is an object's
        points of one observatory, instrument, unit and band with at least five detections
        whose errors are above zero.

    Returns
    -------
    polars.DataFrame
        observatory, object, instrument, unit, band, points, mean (in `unit`),
        fractional_variability (excess over the errors, as a share of the mean), statistic
        (chi-square), simulated, degrees, p_value, expected.
    """
    keys = ("observatory", "object", "instrument", "unit", "band")
    demand(
        points, *keys, "value", "value_err_plus", "value_err_minus", subject="points"
    )
    error = (pl.col("value_err_plus") + pl.col("value_err_minus")) / 2
    used = (
        fill(points, {"simulated": pl.Boolean()})
        .filter(~pl.col("is_limit").fill_null(value=False))
        .with_columns(finite("value"), error.alias("_error"))
        .filter(pl.col("value").is_not_null(), pl.col("_error") > 0)
        .with_columns((1 / pl.col("_error") ** 2).alias("_weight"))
    )
    grouped = used.with_columns(
        (
            (pl.col("value") * pl.col("_weight")).sum().over(keys)
            / pl.col("_weight").sum().over(keys)
        ).alias("_mean")
    ).group_by(keys, maintain_order=True)
    square = (pl.col("value") - pl.col("_mean")) ** 2
    curves = grouped.agg(
        pl.len().cast(pl.Int64).alias("points"),
        pl.col("_mean").first().alias("mean"),
        (
            (pl.col("value").var() - (pl.col("_error") ** 2).mean()).clip(0).sqrt()
            / pl.col("value").mean().abs()
        ).alias("fractional_variability"),
        (square * pl.col("_weight")).sum().alias("statistic"),
        pl.col("simulated").max(),
    ).filter(pl.col("points") >= LEAST_POINTS)
    degrees = curves["points"] - 1
    p = [
        chi_square_tail(value, count)
        for value, count in zip(curves["statistic"], degrees, strict=True)
    ]
    return _ranked(curves.with_columns(degrees.alias("degrees")), np.array(p))


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
        The pairs with log10_ratio, usual (median of the kind), statistic (robust sigma,
        signed), p_value (two-sided), expected.
    """
    demand(pairs, "kind", "flux_a", "flux_b", subject="matched pairs")
    used = pairs.filter(pl.col("flux_a") > 0, pl.col("flux_b") > 0).with_columns(
        (pl.col("flux_a") / pl.col("flux_b")).log10().alias("log10_ratio")
    )
    usual = pl.col("log10_ratio").median().over("kind")
    with_usual = used.with_columns(usual.alias("usual"))
    off = pl.col("log10_ratio") - pl.col("usual")
    spread = MAD_TO_SIGMA * off.abs().median().over("kind")
    deviating = with_usual.with_columns((off / spread).alias("statistic")).filter(
        pl.col("statistic").is_finite()
    )
    p = _two_sided(deviating["statistic"].to_numpy())
    return _ranked(deviating, p)


def missed(sources: pl.DataFrame) -> pl.DataFrame:
    """Rank sources that one observatory sees and the other, which observed there, does not.

    Parameters
    ----------
    sources
        Every source that the other observatory covered: kind (catalogue and unit), flux,
        matched (whether the other sees it).

    Returns
    -------
    polars.DataFrame
        The unmatched sources with as_bright (how many are at least as bright), missed_too
        (how many of those are also unmatched), statistic (flux over that of the faintest
        matched source of its kind), p_value, expected.
    """
    demand(sources, "kind", "flux", "matched", subject="covered sources")
    used = sources.filter(pl.col("flux") > 0).sort(
        "kind", "flux", descending=[False, True]
    )
    index = pl.int_range(pl.len()).over("kind")
    faintest = pl.col("flux").filter("matched").min().over("kind")
    unmatched = (
        used.with_columns(
            index.alias("as_bright"),
            (~pl.col("matched")).cast(pl.Int64).cum_sum().over("kind").alias("_missed"),
            (pl.col("flux") / faintest).alias("statistic"),
        )
        .filter(~pl.col("matched"))
        .with_columns((pl.col("_missed") - 1).alias("missed_too"))
        .drop("_missed")
    )
    p = (unmatched["missed_too"] + 1) / (unmatched["as_bright"] + 1)
    trials = used.group_by("kind").len("_trials")
    counted = unmatched.join(trials, on="kind", how="left").with_columns(
        p.alias("p_value")
    )
    return (
        counted.with_columns((pl.col("p_value") * pl.col("_trials")).alias("expected"))
        .drop("_trials")
        .sort("p_value", "statistic", descending=[False, True])
    )


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


def _ranked(rows: pl.DataFrame, p: Reals) -> pl.DataFrame:
    return rows.with_columns(
        pl.Series("p_value", p, dtype=pl.Float64),
        pl.Series("expected", p * len(rows), dtype=pl.Float64),
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


def _two_sided(sigma: Reals) -> Reals:
    return np.array([math.erfc(abs(s) / math.sqrt(2)) for s in sigma], dtype=np.float64)
