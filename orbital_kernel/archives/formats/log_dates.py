"""Dates of observation logs: ISO 8601, Modified Julian Dates, or days of one calendar.

HEASARC's tables hold times as MJD (UTC), and 0 for what has not happened yet; exports write
days in the order of their country. All go through the one parser of dates (dates.py):
offsets from UTC count, and 23:59:60 is not the second after it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.scales import utc_to_tt

_MJD = re.compile(r"0|[4-9]\d{4}(\.\d*)?|0\.0*")
BARE_LETTERS = 10
"""A date of so many letters has no time of day."""
ISO = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?$"
ISO_DAY = r"^\d{4}-\d\d-\d\d$"
LEAP = ":60"


@dataclass(frozen=True)
class Calendar:
    """The order of day and month in a country's dates.

    `usual` are forms that Polars reads at once: a pattern, a format, and whether it is a
    day alone.
    """

    words: str
    date: re.Pattern[str]
    usual: tuple[tuple[str, str, bool], ...]


def _calendar(words: str, date: str, form: str) -> Calendar:
    usual = (
        (r"^\d\d?/\d\d?/\d{4} +\d\d?:\d\d:\d\d$", f"{form} %H:%M:%S", False),
        (r"^\d\d?/\d\d?/\d{4}$", form, True),
        (ISO, "%Y-%m-%d %H:%M:%S%.f", False),
        (ISO_DAY, "%Y-%m-%d", True),
    )
    return Calendar(words, re.compile(rf"{date}(?:\s+(?P<clock>\S.*))?"), usual)


_FIRST, _SECOND = r"(?P<{}>\d{{1,2}})/", r"(?P<{}>\d{{1,2}})/(?P<year>\d{{4}})"
AMERICAN = _calendar(
    "m/d/yyyy h:m:s", _FIRST.format("month") + _SECOND.format("day"), "%m/%d/%Y"
)
EUROPEAN = _calendar(
    "dd/mm/yyyy", _FIRST.format("day") + _SECOND.format("month"), "%d/%m/%Y"
)


def from_mjd(cell: str) -> np.datetime64 | None:
    """Return the UTC of '55690.148' (NaT of '0'); None if the text is not an MJD."""
    if _MJD.fullmatch(cell) is None:
        return None
    if not float(cell):
        return np.datetime64("NaT", "ns")
    utc: np.datetime64 = times.utc_from_tt(times.to_tt("mjd-utc", [float(cell)]))[0]
    return utc


def log_date(cell: str, calendar: Calendar, *, line: int) -> tuple[np.datetime64, bool]:
    """Return the TT of a date, and whether it is a day alone; ArchiveError if neither."""
    if (utc := from_mjd(cell)) is not None:
        return utc_to_tt(np.array([utc]))[0], False
    match = calendar.date.fullmatch(cell)
    iso = cell
    if match:
        iso = f"{match['year']}-{int(match['month']):02d}-{int(match['day']):02d}"
        iso += f"T{match['clock']}" if match["clock"] else ""
    try:
        tt: np.datetime64 = times.tt_from_utc([iso])[0]
    except ValueError as error:
        raise ArchiveError(
            f"line {line}: {cell!r} is not a date of the form {calendar.words} ({error})"
        ) from None
    return tt, len(cell) <= BARE_LETTERS


def log_dates(
    cells: pl.Series, calendar: Calendar, *, lines: Sequence[int]
) -> tuple[times.Instants, NDArray[np.bool_]]:
    """Return the same of a column of stripped text; NaT where null."""
    tt = np.full(len(cells), np.datetime64("NaT", "ns"))
    bare = np.zeros(len(cells), dtype=bool)
    unread = cells.is_not_null().to_numpy().copy()
    for pattern, form, is_day in calendar.usual:
        if not unread.any():
            break
        usual = cells.str.contains(pattern) & ~cells.str.contains(LEAP, literal=True)
        spaced = cells.set(~usual, None).str.replace("T", " ", literal=True)
        single = spaced.str.replace(" +", " ")
        utc = single.str.to_datetime(form, strict=False, time_unit="ns").to_numpy()
        read = unread & ~np.isnat(utc)
        tt[read] = utc_to_tt(utc[read])
        bare |= read & is_day
        unread &= ~read
    for place in np.flatnonzero(unread):
        cell = str(cells[int(place)])
        tt[place], bare[place] = log_date(cell, calendar, line=lines[int(place)])
    return tt, bare
