"""Variability of one instrument's points: from their counts, else from values and errors."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.lightcurves.count_rates import (
    OF_COUNTS,
    PointCounts,
    point_counts,
)
from orbital_kernel.science.missing_errors import left_out
from orbital_kernel.science.shape.constancy import (
    constancy,
    constancy_above,
    constancy_of_values,
)
from orbital_kernel.science.shape.trend import LEAST_POINTS, YEAR_S, trend
from orbital_kernel.science.shape.variability import gregory_loredo, live_times
from orbital_kernel.science.shape.variance import (
    excess_variance,
    excess_variance_of_counts,
)

Reals = NDArray[np.float64]


def counts_of(group: pl.DataFrame) -> PointCounts | None:
    """Return the counts of points if all, limits too, have the errors of their counts."""
    if "error_rule" not in group.columns:
        return None
    counts = point_counts(group)
    of_counts = (group["error_rule"] == OF_COUNTS).fill_null(value=False)
    ready = counts is not None and counts.usable.all() and of_counts.all()
    return counts if ready else None


def measure_counts(seen: pl.DataFrame) -> dict[str, Any]:
    """Return variance, test and odds of bins of counts."""
    counts = seen["counts"].cast(pl.Float64).to_numpy()
    live = seen["exposure_s"].cast(pl.Float64).to_numpy()
    spread, test = excess_variance_of_counts(counts, live), constancy(counts, live)
    return _measured(spread, test) | _odds(counts, live)


def measure_counted(points: PointCounts) -> dict[str, Any]:
    """Return the same of points of a curve, less their background."""
    expected = points.counts - points.net
    variance = points.variance - points.counts
    around = {"background": expected, "background_variance": variance}
    spread = excess_variance_of_counts(points.counts, points.live_s, **around)
    if expected.any():
        test = constancy_above(points.counts, points.live_s, **around)
        return _measured(spread, test)
    test = constancy(points.counts, points.live_s)
    return _measured(spread, test) | _odds(points.counts, points.live_s)


def _odds(counts: Reals, live: Reals) -> dict[str, Any]:
    odds = gregory_loredo(*live_times(counts, live))
    return {
        "variable_probability": odds.probability,
        "log10_odds": odds.log10_odds,
    }


def measure_values(seen: pl.DataFrame, time: Reals) -> dict[str, Any]:
    """Return variance, test and slope of values with errors; a few may have none."""
    error = _errors(seen)
    usable = error > 0
    note = left_out(int((~usable).sum()), usable.size, "the curve")
    value = seen["value"].to_numpy()[usable]
    spread = excess_variance(value, error[usable])
    test = constancy_of_values(value, error[usable])
    return _measured(spread, test) | slope(seen, time) | {"reason": note}


def slope(seen: pl.DataFrame, time: Reals) -> dict[str, Any]:
    """Return the secular slope of points with errors over more than a season."""
    error, value = _errors(seen), seen["value"].to_numpy()
    used = (error > 0) & np.isfinite(time)
    if used.sum() < LEAST_POINTS or np.ptp(time[used]) <= YEAR_S / 4:
        return {}
    line = trend(time[used], value[used], error[used])
    return {
        "slope_yr": line.slope,
        "slope_err_yr": line.slope_err,
        "p_slope": line.p_value,
    }


def _measured(spread: Any, test: Any) -> dict[str, Any]:
    return {
        "excess_variance": spread.excess,
        "excess_variance_err": spread.excess_err,
        "fvar": None if np.isnan(spread.fvar) else spread.fvar,
        "fvar_err": None if np.isnan(spread.fvar_err) else spread.fvar_err,
        "chi2": test.statistic,
        "dof": test.dof,
        "p_constant": test.p_value,
        "p_method": test.method,
    }


def _errors(seen: pl.DataFrame) -> Reals:
    plus = pl.col("value_err_plus")
    minus = pl.coalesce("value_err_minus", "value_err_plus")
    mean = seen.select(((plus + minus) / 2).fill_null(0.0)).to_series()
    return np.asarray(mean.to_numpy(), np.float64)
