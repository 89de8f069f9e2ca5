"""Detections averaged in bins of time, weighted by exposure."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.science.columns import TT, demand, numbered

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
    cell = cell * (number.max(initial=0) + 1) + number
    means = _means(rows, np.flatnonzero(usable), cell[usable])
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
        incomplete = np.bincount(series, ~(part > 0)) > 0
        weights = np.where(incomplete[series], weights, part)
    return weights


def _reals(rows: pl.DataFrame, name: str) -> Reals:
    """Return a column of numbers; NaN where null."""
    return np.asarray(rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy())


def _means(rows: pl.DataFrame, usable: Ints, cell: Ints) -> pl.DataFrame:
    """Return one row for each cell of a series and bin, with its points' weighted mean."""
    cells, first, cell = _dense(cell)
    weight = _weights(rows)[usable]
    part = {name: _reals(rows, name)[usable] for name in (*_ERRORS, "value", "since_s")}
    total = np.bincount(cell, weight, cells)
    counts = np.bincount(cell, minlength=cells)

    def summed(values: Reals) -> Reals:
        return np.asarray(np.bincount(cell, values, cells), dtype=np.float64)

    centre = summed(weight * part["since_s"]) / total
    low, high = (np.nan_to_num(_reals(rows, name)[usable]) for name in _WIDTHS)
    start, stop = np.full(cells, np.inf), np.full(cells, -np.inf)
    np.minimum.at(start, cell, part["since_s"] - low)
    np.maximum.at(stop, cell, part["since_s"] + high)
    exposure = _reals(rows, "exposure_s")[usable]
    is_exposed = np.isfinite(exposure)
    live = summed(np.where(is_exposed, exposure, 0.0))
    columns = {
        "value": summed(weight * part["value"]) / total,
        **{n: np.sqrt(summed((weight * part[n]) ** 2)) / total for n in _ERRORS},
        "since_s": centre,
        "since_days": centre / 86400,
        "time_err_minus_s": centre - start,
        "time_err_plus_s": stop - centre,
        "exposure_s": np.where(summed(is_exposed) > 0, live, np.nan),
    }
    means = rows[usable[first]]
    moved = np.rint((centre - part["since_s"][first]) * 1e9).astype(np.int64)
    time = (means["time"].cast(TT).cast(pl.Int64) + pl.Series(moved)).cast(TT)
    means = means.with_columns(
        time.alias("time"),
        *(pl.Series(name, value).fill_nan(None) for name, value in columns.items()),
        pl.Series("averaged", counts, dtype=pl.UInt32),
    )
    if "given_value" in means.columns:
        means = means.with_columns(pl.lit(None, dtype=pl.Float64).alias("given_value"))
    if "utc" not in rows.columns:
        return means
    utc = to_utc_iso(means["time"].to_numpy())
    return means.with_columns(pl.Series("utc", utc, dtype=pl.String))


def _dense(cell: Ints) -> tuple[int, Ints, Ints]:
    """Return how many cells hold points, the first point of each, and each point's cell."""
    size = int(cell.max(initial=-1)) + 1
    if size > MOST_CELLS * (1 + cell.size):
        _, first, cell = np.unique(cell, return_index=True, return_inverse=True)
        return first.size, first, cell
    first = np.full(size, -1)
    order = np.arange(cell.size)
    first[cell[::-1]] = order[::-1]
    present = first >= 0
    number = np.cumsum(present) - 1
    return int(present.sum()), first[present], number[cell]
