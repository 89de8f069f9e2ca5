"""Light curves of many objects at once: assembled, averaged in bins and characterised.

The steps are those of one object's curve, done for all objects of a frame together: one
conversion for each kind of point, one grouping for the bins, one for the numbers.
"""

import polars as pl

from orbital_kernel.science.columns import TT, demand
from orbital_kernel.science.lightcurves.assembly import brought_to
from orbital_kernel.science.lightcurves.averaging import averaged
from orbital_kernel.science.spectra import Band, SpectralModel

COLUMNS = (
    *("observatory", "object", "instrument", "mode", "time", "since_s", "since_days"),
    *("time_err_minus_s", "time_err_plus_s", "value", "value_err_plus"),
    *("value_err_minus", "is_limit", "unit", "band", "exposure_s", "given_value"),
    *("given_unit", "given_band", "factor", "factor_err", "conversion", "excluded"),
)


def curves_of_objects(
    points: pl.DataFrame,
    *,
    unit: str = "erg / (cm2 s)",
    band_kev: tuple[float, float] = (0.3, 10.0),
    model: SpectralModel | None = None,
    bin_s: float | None = None,
) -> pl.DataFrame:
    """Return the points of many objects in one unit and band, in bins if asked for.

    Parameters
    ----------
    points : polars.DataFrame
        `photometry` rows with object and observatory. `since_s` of each object counts
        from its first point.
    unit, band_kev, model
        As in `joint`.
    bin_s : float, optional
        Width of bins from each object's first point, s.

    Returns
    -------
    polars.DataFrame
        Columns of a joint curve: object, observatory, time (TT), since_s (s), value and
        its errors, is_limit, unit, band, exposure_s (s), conversion, excluded and more;
        `averaged` (points) if they are in bins.
    """
    demand(points, "object", "time", "value", "unit", subject="points")
    rows = brought_to(points, unit, Band(*band_kev), model)
    first = pl.col("time").cast(TT).min().over("object")
    since = (pl.col("time") - first).dt.total_nanoseconds() / 1e9
    rows = rows.with_columns(
        since.alias("since_s"), (since / 86400).alias("since_days")
    ).select(COLUMNS)
    return rows if bin_s is None else averaged(rows, bin_s)


def characters(curves: pl.DataFrame) -> pl.DataFrame:
    """Return what each object's light curve is like, one row per object and observatory.

    Parameters
    ----------
    curves : polars.DataFrame
        What `curves_of_objects` returns.

    Returns
    -------
    polars.DataFrame
        object, observatory, detections, limits, first and last (time, TT), mean and
        weighted_mean (in the unit), chi2 against the weighted mean with its degrees of
        freedom, and fvar: the fractional root of the excess variance, null where the
        variance is below that of the errors (Vaughan et al. 2003, MNRAS 345, 1271, eqs 8
        to 10).
    """
    error = pl.mean_horizontal("value_err_plus", "value_err_minus")
    rows = curves.filter(pl.col("excluded").is_null()).with_columns(
        error.alias("_error"), (1 / error**2).alias("_weight")
    )
    detected = ~pl.col("is_limit")
    value, weight = (pl.col(name).filter(detected) for name in ("value", "_weight"))
    mean = (value * weight).sum() / weight.sum()
    excess = value.var() - (pl.col("_error").filter(detected) ** 2).mean()
    return (
        rows.group_by("object", "observatory", maintain_order=True)
        .agg(
            detected.sum().alias("detections"),
            pl.col("is_limit").sum().alias("limits"),
            pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
            value.mean().alias("mean"),
            mean.alias("weighted_mean"),
            (weight * (value - mean) ** 2).sum().alias("chi2"),
            (detected.sum().cast(pl.Int64) - 1).alias("degrees_of_freedom"),
            pl.when(excess > 0).then(excess.sqrt() / value.mean()).alias("fvar"),
        )
        .sort("object", "observatory")
    )
