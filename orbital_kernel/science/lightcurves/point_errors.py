"""Errors of points: those of the counts behind them, else the file's, and which of both.

Files state errors of sqrt(N), which are 0 at no counts and too small at few. Where counts
and exposure of a point are known, such an error gives way to the exact interval of its
counts, and a point without net counts is a limit. Intervals that a file computed otherwise
(of few counts, with errors of calibration) stay.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science import counting
from orbital_kernel.science.lightcurves.count_rates import (
    NO_ERROR,
    OF_COUNTS,
    OF_FILE,
    PointCounts,
    point_counts,
    rates,
)

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

SAME = 1e-3
"""Largest relative difference of an error from that of sqrt(N)."""
_ERRORS = ("value_err_plus", "value_err_minus")


def with_point_errors(rows: pl.DataFrame) -> pl.DataFrame:
    """Return points as their files give them with the errors of their counts.

    Errors of sqrt(N), of 0 and absent ones of detections become exact, and detections
    without net counts 3-sigma limits; `error_rule` names the origin of each error.
    """
    stated = pl.max_horizontal(*_ERRORS) > 0
    rule = (
        pl.when(pl.col("is_limit") | pl.col("excluded").is_not_null())
        .then(None)
        .when(stated.fill_null(value=False))
        .then(pl.lit(OF_FILE))
        .otherwise(pl.lit(NO_ERROR))
    )
    rows = rows.with_columns(rule.alias("error_rule"))
    counts = None if rows["counts"].null_count() == len(rows) else point_counts(rows)
    if counts is None:
        return rows
    chosen = counts.usable & _replaced(rows, counts)
    return _measured(rows, counts, chosen, counts.net <= 0)


def with_rates_of_limits(rows: pl.DataFrame) -> pl.DataFrame:
    """Return points of a curve with limits whose counts are known as measured rates.

    Few counts, and none, are measurements: statistics without them are of the bright part
    of a curve only.
    """
    counts = point_counts(rows)
    if counts is None:
        return rows
    limit = rows["is_limit"].fill_null(value=False) & rows["excluded"].is_null()
    chosen = counts.usable & limit.to_numpy()
    return _measured(rows, counts, chosen, np.zeros(len(rows), dtype=bool))


def _replaced(rows: pl.DataFrame, counts: PointCounts) -> Flags:
    """Return which detections have no error, that of sqrt(N), or no counts."""
    plus, minus = (
        rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in _ERRORS
    )
    detected = rows.select(~pl.col("is_limit") & pl.col("excluded").is_null())
    with np.errstate(invalid="ignore", divide="ignore"):
        gaussian = np.sqrt(counts.variance) / counts.live_s
        apart = [np.abs(error - gaussian) > SAME * gaussian for error in (plus, minus)]
    replaced = ~np.any(apart, axis=0) | ~(np.fmax(plus, minus) > 0)
    return np.asarray(
        detected.to_series().to_numpy() & (replaced | (counts.counts == 0))
    )


def _measured(
    rows: pl.DataFrame, counts: PointCounts, chosen: Flags, limit: Flags
) -> pl.DataFrame:
    """Return the rows with rate and errors of the chosen points' counts, or limits."""
    background = np.isfinite(counts.off) & (counts.ratio > 0)
    columns = rates(
        *counts[:1], counts.live_s, counts.off, counts.ratio, background, chosen
    )
    if not columns:
        return rows
    new = {
        "value": np.where(limit, columns["rate_limit"], columns["rate"]),
        "value_err_plus": np.where(limit, np.nan, columns["rate_err_plus"]),
        "value_err_minus": np.where(limit, np.nan, columns["rate_err_minus"]),
        "limit_confidence": np.where(limit, counting.LIMIT, np.nan),
    }
    is_chosen = pl.when(pl.Series(chosen))
    return rows.with_columns(
        is_chosen.then(pl.Series(limit)).otherwise("is_limit").alias("is_limit"),
        is_chosen.then(pl.lit(OF_COUNTS)).otherwise("error_rule").alias("error_rule"),
        *(
            is_chosen.then(pl.Series(values).fill_nan(None)).otherwise(name).alias(name)
            for name, values in new.items()
        ),
    )
