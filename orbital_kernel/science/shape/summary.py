"""Everything that a light curve says about its source, one row per instrument."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import fill, finite
from orbital_kernel.science.lightcurves.point_errors import with_rates_of_limits
from orbital_kernel.science.shape.constancy import NONE_AS_LARGE
from orbital_kernel.science.shape.coverage import coverages
from orbital_kernel.science.shape.decay import Decay, decay
from orbital_kernel.science.shape.groups import ALL, GROUP, groups, has_t0, with_filter
from orbital_kernel.science.shape.measures import (
    counts_of,
    measure_counted,
    measure_counts,
    measure_values,
    slope,
)
from orbital_kernel.science.shape.optical import in_flux

Reals = NDArray[np.float64]

_TYPES: Mapping[str, pl.DataType] = {
    **dict.fromkeys(("observatory", "instrument", "unit", "band"), pl.String()),
    **dict.fromkeys(("band_low_kev", "band_high_kev", "since_s"), pl.Float64()),
    **dict.fromkeys(("value", "value_err_plus", "value_err_minus"), pl.Float64()),
    "time": pl.Datetime("ns"),
    "is_limit": pl.Boolean(),
    "simulated": pl.Boolean(),
}
_ROW: Mapping[str, pl.DataType] = {
    **dict.fromkeys(("observatory", "instrument", "unit"), pl.String()),
    **dict.fromkeys(("band_low_kev", "band_high_kev"), pl.Float64()),
    "filter": pl.String(),
    **dict.fromkeys(("points", "limits"), pl.Int64()),
    **dict.fromkeys(
        (
            *("span_s", "mean", "largest_over_smallest", "excess_variance"),
            *("excess_variance_err", "fvar", "fvar_err", "chi2"),
        ),
        pl.Float64(),
    ),
    "dof": pl.Int64(),
    "p_constant": pl.Float64(),
    "p_method": pl.String(),
    **dict.fromkeys(
        ("variable_probability", "log10_odds", "slope_yr", "slope_err_yr", "p_slope"),
        pl.Float64(),
    ),
    "reason": pl.String(),
}


@dataclass(frozen=True)
class Shape:
    """The shape of a light curve, by instrument, and the decay of its flux.

    Parameters
    ----------
    rows : polars.DataFrame
        One row per observatory, instrument, unit and band (keV, or filter), and one of
        all instruments that share unit and band; magnitudes are used as flux densities
        in mJy. Points, limits, span_s (s), mean (in `unit`),
        largest_over_smallest, excess_variance and fvar with errors, chi2, dof,
        p_constant with p_method, variable_probability and log10_odds (Gregory-Loredo,
        of counts), slope_yr with its error (in `unit` per year) and p_slope, reason (why
        a value is null).
    decays : mapping of str to Decay
        The decay by 'observatory/instrument' (and filter), or 'all', of curves with a
        T0. Of several units or bands that with most points has this name; the names of
        the others give unit and band too.
    units : mapping of str to str
        Unit of each column of `rows`; 'see unit' where `unit` states it.
    notes : tuple of str
        What was chosen or excluded, and how often the errors given hold the truth.
    simulated : bool
        Whether any point is simulated.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel.science.shape import shape_of
    >>> bins = pl.DataFrame({"counts": [9, 30, 8], "exposure_s": [10.0, 10.0, 10.0]})
    >>> shape_of(bins).rows["p_constant"][0] < 0.01
    True
    """

    rows: pl.DataFrame
    decays: Mapping[str, Decay]
    units: Mapping[str, str]
    notes: tuple[str, ...] = ()
    simulated: bool = field(default=False)


def shape_of(
    curve: pl.DataFrame,
    *,
    since_s: tuple[float | None, float | None] = (None, None),
    breaks: int | None = None,
    systematic: float = 0.0,
) -> Shape:
    """Return the shape of a curve.

    Parameters
    ----------
    curve
        Points of `orbital.light_curve` (value, its errors, unit, is_limit, since_s or
        time) or bins of `orbital.counts` (counts, exposure_s); rows with a reason in
        `left_out` or `excluded` are not used.
    since_s
        Only points from and to these times since T0, s.
    breaks
        Breaks of the decay, 0 to 3; chosen by default.
    systematic
        Relative error added to each point of the decay in quadrature.

    Returns
    -------
    Shape
        Rows by instrument, decays, units and notes.

    Raises
    ------
    QueryError
        If the curve has neither values with units nor counts with live time.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import shape
    >>> bins = pl.DataFrame({"counts": [9, 30, 8], "exposure_s": [10.0, 10.0, 10.0]})
    >>> shape.shape_of(bins).rows["p_method"].to_list()
    ['chi2']
    """
    points, notes = _points(curve, since_s)
    rows, decays, used = [], {}, 0
    by_burst = has_t0(points)
    for name, labels, group in groups(points):
        row, fit = _row(group), None
        limits = row.pop("used_limits")
        used += 0 if labels["instrument"] == ALL else limits
        if by_burst:
            fit, reason = _decay(group, breaks, systematic)
            row["reason"] = "; ".join(filter(None, (row["reason"], reason))) or None
        if fit is not None:
            decays[name] = fit
        rows.append(labels | row)
    simulated = bool(points["simulated"].fill_null(value=False).any())
    in_unit = ("mean", "slope_yr", "slope_err_yr")
    units = {n: "see unit" if n in in_unit else "" for n in _ROW} | {"span_s": "s"}
    frame = pl.DataFrame(rows, schema=dict(_ROW))
    if used:
        notes.append(
            f"{used:,} limits with known counts are part of mean, variance, test and trend, "
            "as the rates of their counts"
        )
    bounds = int((frame["p_method"] == NONE_AS_LARGE).sum())
    if bounds:
        notes.append(
            f"p_constant of {bounds:,} rows is an upper limit: no simulated curve was as "
            "variable"
        )
    notes += coverages(frame, has_decay=bool(decays))
    return Shape(frame, decays, units, tuple(notes), simulated)


def _points(
    curve: pl.DataFrame, since_s: tuple[float | None, float | None]
) -> tuple[pl.DataFrame, list[str]]:
    names, notes = set(curve.columns), []
    counted = {"counts", "exposure_s"} <= names and "value" not in names
    if not counted and not {"value", "unit"} <= names:
        raise QueryError(
            "a shape needs points with value and unit (orbital.light_curve) or bins with "
            f"counts and exposure_s (orbital.counts); there are {', '.join(curve.columns)}"
        )
    frame = curve
    for reason in names & {"left_out", "excluded"}:
        frame = frame.filter(pl.col(reason).is_null())
    if counted:
        frame = _of_counts(frame)
    frame = fill(frame, _TYPES).with_columns(
        *(finite(n) for n in ("value", "value_err_plus", "value_err_minus")),
        pl.col("is_limit").fill_null(value=False),
        pl.lit(counted).alias("_counted"),
    )
    frame = frame.filter(pl.col("value").is_not_null())
    low, high = since_s
    if low is not None:
        frame = frame.filter(pl.col("since_s") >= low)
    if high is not None:
        frame = frame.filter(pl.col("since_s") <= high)
    if since_s != (None, None) and not has_t0(frame):
        notes.append("no T0 is known: times are since the first point; give t0")
    if len(frame) < len(curve):
        notes.append(
            f"{len(curve) - len(frame)} of {len(curve)} points are not used: without a "
            "value, excluded, or outside the requested times"
        )
    frame, of_magnitudes = in_flux(frame)
    notes += of_magnitudes
    frame = with_filter(frame)
    if any(_mixed(frame, name) for name in GROUP[2:]):
        notes.append("points of different units or bands are never put together")
    return frame, notes


def _mixed(frame: pl.DataFrame, name: str) -> bool:
    return bool(frame[name].n_unique() > 1)


def _of_counts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return bins of counts as points of rates; empty bins remain zero, not limits."""
    start = pl.col("start_s") if "start_s" in frame.columns else pl.int_range(pl.len())
    net = "net_rate" if "net_rate" in frame.columns else None
    rate = pl.col(net) if net else pl.col("counts") / pl.col("exposure_s")
    return frame.drop("since_s", "is_limit", strict=False).with_columns(
        rate.alias("value"),
        pl.lit("ct / s").alias("unit"),
        start.cast(pl.Float64).alias("_clock_s"),
    )


def _row(group: pl.DataFrame) -> dict[str, Any]:
    seen = group.filter(~pl.col("is_limit"))
    row: dict[str, Any] = dict.fromkeys(n for n in _ROW if n not in GROUP)
    row |= {"points": len(seen), "limits": len(group) - len(seen)}
    counts = counts_of(group)
    row["used_limits"] = 0 if counts is None else row["limits"]
    if counts is not None:
        seen = with_rates_of_limits(group)
    time = _seconds(seen)
    value = seen["value"].to_numpy()
    if value.size:
        row["mean"] = float(value.mean())
        row["span_s"] = float(np.ptp(time)) if np.isfinite(time).all() else None
        if value.min() > 0:
            row["largest_over_smallest"] = float(value.max() / value.min())
    try:
        if counts is not None:
            row |= measure_counted(counts) | slope(seen, time)
        elif seen["_counted"].any():
            row |= measure_counts(seen)
        else:
            row |= measure_values(seen, time)
    except QueryError as error:
        row["reason"] = str(error)
    return row


def _seconds(seen: pl.DataFrame) -> Reals:
    """Return times, s: since T0, else of the clock, else of TT."""
    for name in ("since_s", "_clock_s"):
        if name in seen.columns and seen[name].null_count() < len(seen):
            return np.asarray(seen[name].cast(pl.Float64).fill_null(np.nan).to_numpy())
    tt = seen["time"].cast(pl.Datetime("ns")).dt.epoch("ns").cast(pl.Float64) / 1e9
    return np.asarray(tt.fill_null(np.nan).to_numpy())


def _decay(
    group: pl.DataFrame, breaks: int | None, systematic: float
) -> tuple[Decay | None, str | None]:
    time, value, plus = (
        group[n].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for n in ("since_s", "value", "value_err_plus")
    )
    either = group.select(pl.coalesce("value_err_minus", "value_err_plus")).to_series()
    minus = either.cast(pl.Float64).fill_null(np.nan).to_numpy()
    try:
        fit = decay(
            time,
            value,
            plus,
            err_minus=minus,
            is_limit=group["is_limit"].to_numpy(),
            breaks=breaks,
            systematic=systematic,
        )
    except QueryError as error:
        return None, str(error)
    without = int((~group["is_limit"].to_numpy() & ~((plus > 0) & (minus > 0))).sum())
    note = f"{without:,} detections without an error above 0 are not part of the decay"
    return fit, note if without else None
