"""What the light curves of many objects are like: numbers, one row per object."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import TT, demand, kinds

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

OBJECT = ("object", "observatory", "unit", "band")
_POINT = ("time", "value", "value_err_plus", "value_err_minus", "is_limit", "excluded")


def characters(curves: pl.DataFrame) -> pl.DataFrame:
    """Return what each object's light curve is like, one row per object and observatory.

    Parameters
    ----------
    curves : polars.DataFrame
        What `curves_of_objects` returns.

    Returns
    -------
    polars.DataFrame
        object, observatory, unit, band, detections, limits, first and last (time, TT),
        mean and weighted_mean (in the unit), chi2 against the weighted mean with its
        degrees of freedom, excess_variance with its error (in the square of the unit;
        null where a detection has no error), and fvar with its error: the fractional
        root, null where the variance is below that of the errors (Vaughan et al. 2003,
        MNRAS 345, 1271, eqs 8 to 11 and B2; errors of the measurement, 1 sigma).
    """
    demand(curves, *OBJECT, "time", "value", "is_limit", subject="light curves")
    rows = curves.select(*OBJECT, *_POINT).filter(pl.col("excluded").is_null())
    table, numbers = kinds(rows, OBJECT)
    number, size = numbers.to_numpy().astype(np.int64), len(table)
    is_limit = rows["is_limit"].to_numpy()
    first, last = _ends(rows["time"], number, size)
    columns: dict[str, Any] = {
        "limits": np.bincount(number[is_limit], minlength=size),
        "first": first,
        "last": last,
        **_moments(rows.filter(~is_limit), number[~is_limit], size),
    }
    order = ("detections", *columns)
    return table.select(
        *OBJECT,
        *(pl.Series(n, columns[n], nan_to_null=True) for n in dict.fromkeys(order)),
    ).sort(OBJECT)


def _moments(rows: pl.DataFrame, number: Ints, size: int) -> dict[str, NDArray[Any]]:
    """Return number, means, chi-squared and excess variance of the detections."""
    value, plus, minus = (
        rows[name].fill_null(np.nan).to_numpy()
        for name in ("value", "value_err_plus", "value_err_minus")
    )
    errors = np.where(np.isnan(plus + minus), np.fmax(plus, minus), (plus + minus) / 2)
    weight = np.where(errors > 0, errors, np.inf) ** -2.0

    def summed(values: Reals) -> Reals:
        return np.asarray(np.bincount(number, values, size), dtype=np.float64)

    count = np.bincount(number, minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = summed(value) / count
        weighted = summed(weight * value) / summed(weight)
        variance = summed((value - mean[number]) ** 2) / (count - 1)
        noise = summed(errors**2) / count
        excess = variance - noise
        real = np.maximum(excess, 0.0)
        excess_err = np.sqrt(2 * noise**2 / count + 4 * noise * real / count)
        fvar = np.sqrt(np.where(excess > 0, excess, np.nan)) / mean
    return {
        "detections": count,
        "mean": mean,
        "weighted_mean": weighted,
        "chi2": summed(weight * (value - weighted[number]) ** 2),
        "degrees_of_freedom": np.bincount(number, weight > 0, size).astype(int) - 1,
        "excess_variance": excess,
        "excess_variance_err": excess_err,
        "fvar": fvar,
        "fvar_err": excess_err / (2 * fvar * mean**2),
    }


def _ends(time: pl.Series, number: Ints, size: int) -> tuple[pl.Series, pl.Series]:
    """Return the first and the last time of each object."""
    dated = time.is_not_null().to_numpy()
    times = time.cast(TT).cast(pl.Int64).fill_null(0).to_numpy()[dated]
    bounds = np.iinfo(np.int64)
    first, last = np.full(size, bounds.max), np.full(size, bounds.min)
    np.minimum.at(first, number[dated], times)
    np.maximum.at(last, number[dated], times)
    seen = pl.Series(first <= last)
    ends = (pl.Series(ends) for ends in (first, last))
    low, high = (end.set(~seen, None).cast(TT) for end in ends)
    return low, high
