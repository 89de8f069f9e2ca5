"""Frames as astropy tables: quantities, times and masks."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import polars as pl
from astropy import units as u
from astropy.table import Column, MaskedColumn, QTable
from astropy.time import Time
from astropy.utils.masked import Masked

from orbital_kernel.query.unit_text import SEE, Unit

UNIX_EPOCH_JD = 2440587.5
NS_A_DAY = 86_400_000_000_000


def build(
    frame: pl.DataFrame,
    units: Mapping[str, Unit],
    ucds: Mapping[str, Unit],
    utc: Collection[str],
) -> QTable:
    """Return a frame as a table; the columns of `utc` are on that scale, others on TT."""
    table = QTable()
    for series in frame:
        unit = _one_unit(frame, units.get(series.name))
        table[series.name] = _column(series, unit, utc)
        if (units.get(series.name) or "").startswith(SEE) and not unit:
            table[series.name].info.description = f"unit: {units[series.name]}"
        if ucds.get(series.name):
            table[series.name].info.meta = {"ucd": ucds[series.name]}
    return table


def _one_unit(frame: pl.DataFrame, unit: Unit) -> str:
    """Return a column's unit; of 'see X' the one that all rows state in X, else ''."""
    if not unit or not unit.startswith(SEE):
        return unit or ""
    name = unit.removeprefix(SEE)
    if name not in frame.columns:
        return ""
    stated = frame[name].drop_nulls().unique()
    return str(stated[0]) if len(stated) == 1 else ""


def _column(series: pl.Series, unit: str, utc: Collection[str]) -> Any:
    """Return a column for astropy: Time, Quantity or Column, masked if it has nulls."""
    null = series.is_null().to_numpy()
    if series.dtype == pl.Datetime:
        return _time(series, null, "utc" if series.name in utc else "tt")
    if series.dtype.is_numeric() and unit:
        values = series.fill_null(0).to_numpy()
        masked = Masked(values, mask=null) if null.any() else values
        return masked << u.Unit(unit, parse_strict="silent")
    values = _plain_values(series)
    return MaskedColumn(values, mask=null) if null.any() else Column(values)


def _plain_values(series: pl.Series) -> np.ndarray[Any, Any]:
    """Return values as numpy holds them, nulls as 0, False or empty text."""
    if series.dtype.is_numeric():
        return series.fill_null(0).to_numpy()
    if series.dtype == pl.Boolean:
        return series.fill_null(value=False).to_numpy()
    if series.dtype == pl.String:
        return np.array(series.fill_null("").to_list(), dtype=str)
    return np.array([*series, None], dtype=object)[:-1]


def _time(series: pl.Series, null: np.ndarray[Any, Any], scale: str) -> Time:
    """Return instants as days and a fraction, so that nanoseconds survive."""
    ns = series.cast(pl.Datetime("ns")).to_physical().fill_null(0).to_numpy()
    days, remainder = np.divmod(ns, NS_A_DAY)
    time = Time(days + UNIX_EPOCH_JD, remainder / NS_A_DAY, format="jd", scale=scale)
    time.format = "isot"
    time.precision = 9
    if null.any():
        time[null] = np.ma.masked
    return time
