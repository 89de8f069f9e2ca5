"""Detections averaged in bins of time, weighted by exposure."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.science.columns import TT, demand, numbered
from orbital_kernel.science.lightcurves.count_rates import (
    IN_QUADRATURE,
    NO_ERROR,
    PointCounts,
    point_counts,
    with_count_rates,
)
from orbital_kernel.science.lightcurves.point_counts import COUNTS

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
LOG = re.compile(r"log\s*(\d+)")
MOST_CELLS = 4
"""Empty and full bins for each point up to which a table of all bins is made."""
ON_EDGE = 1e-6
"""Of a bin: a point nearer to the next one is of it, so that rounding pairs no points."""
SERIES = "_series"
OUTSIDE, LIMIT = "it is outside all bins", "it is a limit"
OF_ROW = r" row \d+$"
_ERRORS = ("value_err_plus", "value_err_minus")
_WIDTHS = ("time_err_minus_s", "time_err_plus_s")
_SERIES = ("observatory", "object", "instrument", "mode", "unit", "band")


def averaged(curve: pl.DataFrame, bins: float | str | Sequence[float]) -> pl.DataFrame:
    """Return a joint curve with its detections averaged in bins.

    Parameters
    ----------
    curve : polars.DataFrame
        What `joint` returns.
    bins : float, str or sequence of float
        Width (s) from T0, 'log N' for N bins per decade of time since T0, edges (s), or
        bins made of points: 'counts:N', 'snr:X', 'snapshots', 'observation' (one for each
        ObsID), 'blocks' or 'blocks:P0' (see `point_groups`).

    Returns
    -------
    polars.DataFrame
        The columns of the curve, `averaged`, the number of points of each row, and
        `not_binned`, null or why a point that counts is in no bin. Rates of counts follow
        from the sums of their counts, with exact errors, or as limits (`count_rates`);
        `error_rule` is 'of counts' for them. Means of other values are weighted by exposure_s, else by the width of the points,
        else equally: weights do not depend on the values, so the mean is unbiased at low
        counts. Their errors are added in quadrature. Limits without counts, excluded
        points and points in no bin are returned as they are.

    Raises
    ------
    QueryError
        If the bins are not one of these.
    """
    demand(curve, "since_s", "value", "is_limit", "excluded", subject="a light curve")
    rows = numbered(curve, _SERIES, SERIES)
    table = in_bins(rows, bins)
    return table.sort("time", "since_s", SERIES, nulls_last=True).drop(SERIES)


def in_bins(rows: pl.DataFrame, bins: float | str | Sequence[float]) -> pl.DataFrame:
    """Return points of numbered series averaged in bins, by series and time.

    Points that are not averaged follow. Each series is averaged by itself.
    """
    counts = point_counts(rows)
    usable = _usable(rows, counts)
    if isinstance(bins, str) and not LOG.fullmatch(bins.strip()):
        from orbital_kernel.science.lightcurves import point_groups  # with numba

        how = point_groups.grouping(bins)
        parts = (rows[SERIES].to_numpy(), usable, _weights(rows), counts)
        groups = point_groups.grouped(rows, how, *parts)
        cell, missing = groups.number, pl.Series(groups.missing, dtype=pl.String)
    else:
        number = _numbers(rows["since_s"].to_numpy(), bins)
        cell = rows[SERIES].to_numpy().astype(np.int64) * (number.max(initial=0) + 1)
        cell = np.where(usable & (number >= 0), cell + number, -1)
        missing = pl.Series([OUTSIDE])
    cell, cells = _dense(cell)
    means = _means(rows, cell, cells)
    if counts is not None:
        means = with_count_rates(means, counts, cell)
    others = rows.filter(cell < 0).with_columns(pl.lit(1, pl.UInt32).alias("averaged"))
    table = pl.concat([means, others.select(means.columns)], rechunk=True)
    if counts is None:
        return table
    texts = missing if len(missing) == 1 else missing.filter(pl.Series(cell < 0))
    reason = pl.when("is_limit").then(pl.lit(LIMIT)).otherwise(texts)
    is_point = pl.col("excluded").is_null()
    reasons = others.select(pl.when(is_point).then(reason)).to_series()
    none = pl.Series([None] * len(means), dtype=pl.String)
    return table.with_columns(none.append(reasons).alias("not_binned"))


def _usable(rows: pl.DataFrame, counts: PointCounts | None) -> NDArray[np.bool_]:
    """Return which points are averaged: detections, and limits of a series of counts."""
    is_point = pl.col("excluded").is_null() & pl.col("since_s").is_finite()
    point = rows.select(is_point.fill_null(value=False)).to_series().to_numpy()
    limit = rows["is_limit"].fill_null(value=False).to_numpy()
    if counts is None or not len(rows):
        return np.asarray(point & ~limit)
    series = rows[SERIES].to_numpy()
    of_rates = np.bincount(series, point & ~limit & ~counts.usable) > 0
    return np.asarray(point & (~limit | (counts.usable & ~of_rates[series])))


def _numbers(since: np.ndarray, bins: float | str | Sequence[float]) -> np.ndarray:
    """Return the bin of each time; -1 outside all bins."""
    outside = ~np.isfinite(since)
    safe = np.where(outside, 0.0, since)
    if isinstance(bins, str):
        match = LOG.fullmatch(bins.strip())
        if match is None or int(match[1]) < 1:
            raise QueryError(f"bins of 'log N' need N of 1 or more; got {bins!r}")
        positive = safe > 0
        decades = np.log10(np.where(positive, safe, 1.0))
        number = np.floor(decades * int(match[1])).astype(np.int64)
        number -= number.min(initial=0)
        return np.where(outside | ~positive, -1, number)
    if isinstance(bins, Sequence):
        edges = np.asarray(bins, dtype=np.float64)
        if edges.size < 2 or not (np.diff(edges) > 0).all():
            raise QueryError("edges of bins are two or more increasing times in s")
        number = np.searchsorted(edges, safe, side="right") - 1
        return np.where(outside | (number >= edges.size - 1), -1, number)
    if not bins > 0:
        raise QueryError(f"a bin's width is above 0 s; got {bins}")
    number = np.floor(safe / bins + ON_EDGE).astype(np.int64)
    number -= number.min(initial=0)
    return np.where(outside, -1, number)


def _weights(rows: pl.DataFrame) -> Reals:
    """Return the exposure of each point, else its width, else 1, the same of a series."""
    series = rows[SERIES].to_numpy()
    width = _reals(rows, "time_err_plus_s") + _reals(rows, "time_err_minus_s")
    weights = np.ones(len(rows))
    for part in (width, _reals(rows, "exposure_s")):
        if not (part > 0).any():
            continue
        incomplete = np.bincount(series, ~(part > 0)) > 0
        weights = np.where(incomplete[series], weights, part)
    return weights


def _reals(rows: pl.DataFrame, name: str) -> Reals:
    """Return a column of numbers; NaN where null."""
    return np.asarray(rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy())


def _means(rows: pl.DataFrame, cell: Ints, cells: int) -> pl.DataFrame:
    """Return one row for each cell of a series and bin, with its points' weighted mean."""
    from orbital_kernel.science.lightcurves.cells import sums  # with numba

    since = _reals(rows, "since_s")
    plus, minus, before, after = (_reals(rows, n) for n in (*_ERRORS, *_WIDTHS))
    total = sums(
        cell,
        cells,
        _weights(rows),
        _reals(rows, "value"),
        since,
        (plus, minus),
        (before, after),
        _reals(rows, "exposure_s"),
    )
    centre = total.since_s / total.weight
    columns = {
        "value": total.value / total.weight,
        "value_err_plus": np.sqrt(total.square_plus) / total.weight,
        "value_err_minus": np.sqrt(total.square_minus) / total.weight,
        "since_s": centre,
        "since_days": centre / 86400,
        "time_err_minus_s": centre - total.start,
        "time_err_plus_s": total.stop - centre,
        "exposure_s": total.exposure_s,
    }
    means = rows[total.first]
    moved = np.rint((centre - since[total.first]) * 1e9).astype(np.int64)
    time = (means["time"].cast(TT).cast(pl.Int64) + pl.Series(moved)).cast(TT)
    means = means.with_columns(
        time.alias("time"),
        *(pl.Series(name, value).fill_nan(None) for name, value in columns.items()),
        pl.Series("averaged", total.points, dtype=pl.UInt32),
    )
    if "error_rule" in means.columns:
        means = means.with_columns(_rule().alias("error_rule"))
    of_one = {*means.columns} & {"given_value", *COUNTS}
    means = means.with_columns(pl.lit(None, pl.Float64).alias(n) for n in of_one)
    means = _of_all(means, rows, cell, total.first)
    if "utc" not in rows.columns:
        return means
    utc = to_utc_iso(means["time"].to_numpy())
    return means.with_columns(pl.Series("utc", utc, dtype=pl.String))


def _rule() -> pl.Expr:
    """Return the origin of a mean's errors: that of its point if it has only one."""
    return (
        pl.when(pl.col("averaged") == 1)
        .then("error_rule")
        .when(pl.col("value_err_plus").is_null())
        .then(pl.lit(NO_ERROR))
        .otherwise(pl.lit(IN_QUADRATURE))
    )


def _of_all(
    means: pl.DataFrame, rows: pl.DataFrame, cell: Ints, first: Ints
) -> pl.DataFrame:
    """Return the means without the ObsID, file and row that only some points have."""
    if means.is_empty():
        return means
    averaged_alone = pl.col("averaged") == 1
    expressions = []
    for name in {*means.columns} & {"obs_id", "file_sha256"}:
        ids = rows[name].rank("dense").fill_null(0).to_numpy()
        other = ids != ids[first][cell]
        mixed = np.bincount(cell[cell >= 0], other[cell >= 0], len(means)) > 0
        expressions.append(pl.when(pl.Series(~mixed)).then(name).alias(name))
    if "file_row" in means.columns:
        expressions.append(pl.when(averaged_alone).then("file_row").alias("file_row"))
    for name in {*means.columns} & {"reference"}:
        text = pl.col(name).str.replace(OF_ROW, "")
        expressions.append(
            pl.when(~averaged_alone).then(text).otherwise(name).alias(name)
        )
    return means.with_columns(expressions)


def _dense(cell: Ints) -> tuple[Ints, int]:
    """Return each point's cell among those that hold points, and how many those are."""
    size = int(cell.max(initial=-1)) + 1
    used = cell >= 0
    if size > MOST_CELLS * (1 + cell.size):
        cells, number = np.unique(cell[used], return_inverse=True)
        dense = np.full(cell.size, -1)
        dense[used] = number
        return dense, cells.size
    present = np.zeros(size + 1, dtype=bool)
    present[cell] = True
    present[size] = False
    place = np.cumsum(present) - 1
    place[size] = -1
    return place[cell], int(present.sum())
