"""Columns of angles as catalogues write them, by the rules of angles.py."""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.model.angles import parse_dec, parse_ra

Reals = NDArray[np.float64]
SEXAGESIMAL = r"^([+-]?)(\d{1,3})[\s:]+(\d{1,2})[\s:]+(\d{1,2}(?:\.\d*)?)$"
"""The usual form; all others are read one by one."""


def right_ascensions(cells: pl.Series) -> Reals:
    """Return RA in degrees of stripped text, sexagesimal or not; NaN where null."""
    return _angles(cells, parse_ra, 15.0, 360.0)


def declinations(cells: pl.Series) -> Reals:
    """Return declinations in degrees of stripped text; NaN where null."""
    return _angles(cells, parse_dec, 1.0, 90.0)


def _angles(
    cells: pl.Series, parse: Callable[[str], float], unit: float, limit: float
) -> Reals:
    degrees = cells.cast(pl.Float64, strict=False)
    values: Reals = degrees.fill_null(np.nan).to_numpy(writable=True)
    if degrees.null_count() > cells.null_count():
        values = np.where(degrees.is_null(), _sexagesimal(cells, unit), values)
    unusual = cells.is_not_null().to_numpy() & ~(np.abs(values) <= limit)
    for place in np.flatnonzero(unusual):
        values[place] = parse(cells[int(place)])
    return values


def _sexagesimal(cells: pl.Series, unit: float) -> Reals:
    parts = cells.str.extract_groups(SEXAGESIMAL).struct.unnest()
    leading, minutes, seconds = (
        parts[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in parts.columns[1:]
    )
    negative = (parts[:, 0] == "-").fill_null(value=False).to_numpy()
    value = leading + minutes / 60 + seconds / 3600
    possible = (minutes < 60) & (seconds < 60)
    return np.where(possible, value * np.where(negative, -unit, unit), np.nan)
