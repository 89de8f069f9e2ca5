"""Dates and intervals as papers' tables write them, freely: '2007-Mar-17-13:02-14:54'.

A year, a month's name, a day or a decimal day; then perhaps a clock time, and after a
dash an end: a clock time, a day, or a month and a day. A clock time is UTC unless an
offset follows it ('13:02+02:00', '13:02 UTC-05:00'; '13:02-14:54' is an interval). A
whole day means all of it, a decimal day or a clock time an instant. 23:59:60 is not the
second after it: instants are TT.
"""

import re

import numpy as np

from orbital_kernel.archives.formats.free_dates import FORM
from orbital_kernel.model.dates import tt_from_utc

MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
DAY = np.timedelta64(86_400_000_000_000, "ns")
_DATE = re.compile(FORM)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
"""A date in digits among dates in words."""
_DASHES = str.maketrans(
    "\u2212\u2010\u2011\u2012\u2013\u2014\u2015\ufe63\uff0d", "-" * 9
)


def interval(text: str) -> tuple[np.datetime64, np.datetime64]:
    """Return start and end (TT) of a date or interval; equal for an instant.

    Raises ValueError for text of another form, or an end before its start.
    """
    words = " ".join(text.translate(_DASHES).split())
    match = _DATE.fullmatch(words)
    if match is None and _ISO.match(words):
        return _iso(words)
    if match is None:
        raise ValueError(f"{text!r} is not a date such as 2007-Mar-17-13:02-14:54")
    part = match.groupdict()
    year, month = int(part["year"]), _month(part["month"])
    start = _instant(year, month, part["day"], part["clock"])
    if part["until"]:
        day = part["day"]
        stop = _instant(year, month, day, part["until"])
        if stop < start:
            stop = _instant(year, month, day, part["until"], later=DAY)
    elif part["last_day"]:
        last = _month(part["last_month"]) if part["last_month"] else month
        year += last < month
        stop = _end(year, last, part["last_day"])
    else:
        stop = start if part["clock"] else _end(year, month, part["day"])
    if stop < start:
        raise ValueError(f"{text!r} ends before it begins")
    return start, stop


def _iso(text: str) -> tuple[np.datetime64, np.datetime64]:
    """Return start and end of a date in digits: all of a day, an instant with a clock time."""
    start: np.datetime64 = tt_from_utc([text])[0]
    if not _ISO.fullmatch(text):
        return start, start
    stop: np.datetime64 = tt_from_utc(np.datetime64(text, "ns") + DAY)[0]
    return start, stop


def _month(name: str) -> int:
    place = MONTHS.find(name[:3].lower())
    if place % 3:
        raise ValueError(f"{name!r} is not a month")
    return place // 3 + 1


def _instant(
    year: int,
    month: int,
    day: str,
    clock: str | None = None,
    *,
    later: np.timedelta64 = 0 * DAY,
) -> np.datetime64:
    """Return the TT of a day, its decimals or its clock time; `later` moves the day."""
    of_month, _, part = day.partition(".")
    date = np.datetime64(f"{year}-{month:02d}-{int(of_month):02d}", "ns") + later
    if clock:
        text = f"{date.astype('datetime64[D]')}T{clock.strip()}"
        tt: np.datetime64 = tt_from_utc([text])[0]
        return tt
    start: np.datetime64 = tt_from_utc(date)[0]
    return start + np.timedelta64(round(float(f"0.{part or 0}") * 86_400e9), "ns")


def _end(year: int, month: int, day: str) -> np.datetime64:
    """Return the end of a day, which a leap second makes longer; of a decimal day itself."""
    return _instant(year, month, day, later=0 * DAY if "." in day else DAY)
