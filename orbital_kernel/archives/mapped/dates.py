"""Dates of tables: ISO 8601 with offsets, and Chandra's year and day of year.

`2012-05-02T04:05:06+02:00` is 02:05:06 UTC; `2012:123:04:05:06.789` is day 123 of 2012.
"""

import re

import numpy as np

from orbital_kernel.model.times import parse_utc

_TIME = r"\d{1,2}:\d\d(?::\d\d(?:\.\d*)?)?"
_OFFSET = re.compile(rf"(.+[T ]{_TIME})\s*([+-])(\d\d):?(\d\d)?")
_ORDINAL = re.compile(rf"(\d{{4}})[:-](\d{{3}})(?:[T :]({_TIME}))?(?:Z|\s*UTC)?")
_ZONED = re.compile(r".*\d\s*(?:Z|UTC?)", re.IGNORECASE)


def plain_date(text: str) -> str:
    """Return a date and time without offset or day of the year, in UTC if it has a zone.

    Raises ValueError for an offset or a day that does not exist.
    """
    written = text.strip()
    if match := _OFFSET.fullmatch(written):
        local, sign, hours, minutes = match.groups(default="00")
        if int(hours) > 14 or int(minutes) > 59:
            raise ValueError(f"{text!r} has an impossible offset from UTC")
        offset = np.timedelta64(60 * int(hours) + int(minutes), "m")
        instant = parse_utc(plain_date(local))
        return str(instant - offset if sign == "+" else instant + offset)
    if match := _ORDINAL.fullmatch(written):
        year, day, clock = match.groups()
        date = np.datetime64(f"{year}-01-01") + (int(day) - 1)
        if not str(date).startswith(f"{year}-"):
            raise ValueError(f"{text!r}: year {year} does not have a day {day}")
        return f"{date}T{clock}" if clock else str(date)
    return written


def is_zoned(text: str) -> bool:
    """Return whether the text says that it is UTC, or by how much it differs."""
    return bool(_ZONED.fullmatch(text) or _OFFSET.fullmatch(text.strip()))
