"""Detections averaged in bins of time, weighted by exposure."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.science.columns import TT, demand, numbered
from orbital_kernel.science.lightcurves.point_counts import COUNTS

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
LOG = re.compile(r"log\s*(\d+)")
MOST_CELLS = 4
"""Empty and full bins for each point up to which a table of all bins is made."""
SERIES = "_series"
_ERRORS = ("value_err_plus", "value_err_minus")
_WIDTHS = ("time_err_minus_s", "time_err_plus_s")
_SERIES = ("observatory", "object", "instrument", "mode", "unit", "band")


def averaged(curve: pl.DataFrame, bins: float | str | Sequence[float]) -> pl.DataFrame:
    """Return a joint curve with its detections averaged in bins of the time since T0.

    Parameters
    ----------
    curve : polars.DataFrame
        What `joint` returns.
    bins : float, str or sequence of float
        Width (s) from T0, 'log N' for N bins per decade of time since T0, or edges (s).

    Returns
    -------
    polars.DataFrame
        The columns of the curve and `averaged`, the number of points of each row. The
        mean is weighted by exposure_s, else by the width of the points, else equally:
        weights do not depend on the values, so the mean is unbiased at low counts.
        Errors are added in quadrature. Limits, excluded points and points outside all
        bins are returned as they are.

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
    number = _numbers(rows["since_s"].to_numpy(), bins)
    is_point = pl.col("excluded").is_null() & ~pl.col("is_limit")
    usable = rows.select(is_point.fill_null(value=False)).to_series().to_numpy()
    usable = usable & (number >= 0)
    cell = rows[SERIES].to_numpy().astype(np.int64)
    cell *= number.max(initial=0) + 1
    cell += number
    means = _means(rows, *_dense(np.where(usable, cell, -1)))
    others = rows.filter(~usable).with_columns(pl.lit(1, pl.UInt32).alias("averaged"))
    return pl.concat([means, others.select(means.columns)])


def _numbers(since: np.ndarray, bins: float | str | Sequence[float]) -> np.ndarray:
    """Return the bin of each time; -1 outside all bins."""
    outside = ~np.isfinite(since)
    safe = np.where(outside, 0.0, since)
    if isinstance(bins, str):
        match = LOG.fullmatch(bins.strip())
        if match is None or int(match[1]) < 1:
            raise QueryError(
                f"bins are a width in s, 'log N', or edges in s; got {bins!r}"
            )
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
    number = np.floor(safe / bins).astype(np.int64)
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
    of_one = {*means.columns} & {"given_value", *COUNTS}
    means = means.with_columns(pl.lit(None, pl.Float64).alias(n) for n in of_one)
    if "utc" not in rows.columns:
        return means
    utc = to_utc_iso(means["time"].to_numpy())
    return means.with_columns(pl.Series("utc", utc, dtype=pl.String))


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
