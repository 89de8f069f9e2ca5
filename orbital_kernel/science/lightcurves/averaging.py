"""Detections averaged in bins of time, weighted by exposure."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.science.columns import TT, demand

LOG = re.compile(r"log\s*(\d+)")
MOST_BINS = 10_000_000
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
    since = curve["since_s"].to_numpy()
    number = _numbers(since, bins)
    usable = pl.col("excluded").is_null() & ~pl.col("is_limit") & (pl.col("_bin") >= 0)
    rows = curve.with_columns(pl.Series("_bin", number), _weight().alias("_weight"))
    others = rows.filter(~usable.fill_null(value=False))
    means = _means(rows.filter(usable))
    kinds = {**curve.schema, "averaged": pl.UInt32()}
    table = pl.concat(
        [
            means.select(pl.col(name).cast(kind) for name, kind in kinds.items()),
            others.with_columns(pl.lit(1).alias("averaged")).select(
                pl.col(name).cast(kind) for name, kind in kinds.items()
            ),
        ]
    )
    return table.sort("time", "since_s", *_SERIES, nulls_last=True)


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


def _weight() -> pl.Expr:
    width = pl.col("time_err_plus_s") + pl.col("time_err_minus_s")
    exposed = pl.when(pl.col("exposure_s") > 0).then("exposure_s")
    weighted = pl.when(width > 0).then(width)
    series = [name for name in _SERIES if name != "object"]
    complete = [
        pl.when(part.is_not_null().all().over(*series)).then(part)
        for part in (exposed, weighted)
    ]
    return pl.coalesce(*complete, pl.lit(1.0))


def _means(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each series and bin."""
    weight = pl.col("_weight")
    total = weight.sum()
    error = {
        name: (weight * pl.col(name)).pow(2).sum().sqrt() / total
        for name in ("value_err_plus", "value_err_minus")
    }
    unknown = {name: pl.col(name).null_count() > 0 for name in error}
    centre = (weight * pl.col("since_s")).sum() / total
    start = (pl.col("since_s") - pl.col("time_err_minus_s").fill_null(0)).min()
    stop = (pl.col("since_s") + pl.col("time_err_plus_s").fill_null(0)).max()
    first = pl.col("time").cast(TT).first()
    moved = pl.duration(
        nanoseconds=((centre - pl.col("since_s").first()) * 1e9).round().cast(pl.Int64)
    )
    summed = [
        (weight * pl.col("value")).sum().truediv(total).alias("value"),
        *(
            pl.when(~unknown[name]).then(expr).alias(name)
            for name, expr in error.items()
        ),
        (first + moved).alias("time"),
        centre.alias("since_s"),
        (centre / 86400).alias("since_days"),
        (centre - start).alias("time_err_minus_s"),
        (stop - centre).alias("time_err_plus_s"),
        pl.col("exposure_s").sum().alias("exposure_s"),
        pl.len().alias("averaged"),
    ]
    changed = {expr.meta.output_name() for expr in summed} | {*_SERIES, "_bin"}
    carried = [
        pl.col(name).first()
        for name in rows.columns
        if name not in changed | {"_weight", "given_value", "utc"}
    ]
    means = rows.group_by(*_SERIES, "_bin", maintain_order=True).agg(*summed, *carried)
    utc = to_utc_iso(means["time"].to_numpy())
    return means.with_columns(
        pl.lit(None, dtype=pl.Float64).alias("given_value"),
        pl.Series("utc", utc, dtype=pl.String),
    )
