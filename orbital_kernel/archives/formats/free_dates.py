"""Dates and intervals as papers' tables write them, freely: '2007-Mar-17-13:02-14:54'.

A year, a month's name, a day or a decimal day; then perhaps a clock time, and after a
dash an end: a clock time, a day, or a month and a day. A clock time is UTC unless an
offset follows it ('13:02+02:00', '13:02 UTC-05:00'; '13:02-14:54' is an interval). A whole day means all of it, a decimal day or a clock
time an instant.
"""

import re

import numpy as np

MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
DAY = np.timedelta64(86_400_000_000_000, "ns")
_DASH = r"\s*[-\u2013\u2014]\s*"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d*)?)?(?:\s*(?:Z|UTC?(?:[+-]\d{2}:\d{2})?|\+\d{2}:\d{2}))?"
_ZONE = re.compile(r"\s*(?:Z|UTC?)?(?:([+-])(\d{2}):(\d{2}))?$")
_FORM = (
    rf"(?P<year>\d{{4}})[\s-]+(?P<month>[A-Za-z]{{3,9}})\.?[\s-]+(?P<day>\d{{1,2}}(?:\.\d*)?)"
    rf"(?:(?:{_DASH}|\s+)(?P<clock>{_CLOCK}))?"
    rf"(?:{_DASH}(?:(?P<until>{_CLOCK})"
    rf"|(?:(?P<last_month>[A-Za-z]{{3,9}})\.?[\s-]+)?(?P<last_day>\d{{1,2}}(?:\.\d*)?)))?"
)
_DATE = re.compile(_FORM)
PATTERN = re.sub(r"\(\?P<\w+>", "(?:", _FORM)
"""The form of a date or interval within a longer pattern."""


def interval(text: str) -> tuple[np.datetime64, np.datetime64]:
    """Return start and end (UTC) of a date or interval; equal for an instant.

    Raises ValueError for text of another form, or an end before its start.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a date such as 2007-Mar-17-13:02-14:54")
    part = match.groupdict()
    year, month = int(part["year"]), _month(part["month"])
    start = _instant(year, month, part["day"], part["clock"])
    if part["until"]:
        stop = _instant(year, month, part["day"], part["until"])
        stop += DAY if stop < start else 0 * DAY
    elif part["last_day"]:
        last = _month(part["last_month"]) if part["last_month"] else month
        year += last < month
        stop = _instant(year, last, part["last_day"]) + _all_day(part["last_day"])
    else:
        stop = start + (0 * DAY if part["clock"] else _all_day(part["day"]))
    if stop < start:
        raise ValueError(f"{text!r} ends before it begins")
    return start, stop


def _month(name: str) -> int:
    place = MONTHS.find(name[:3].lower())
    if place % 3:
        raise ValueError(f"{name!r} is not a month")
    return place // 3 + 1


def _instant(
    year: int, month: int, day: str, clock: str | None = None
) -> np.datetime64:
    day_of_month, _, part = day.partition(".")
    instant = np.datetime64(f"{year}-{month:02d}-{int(day_of_month):02d}", "ns")
    if part:
        instant += np.timedelta64(round(float(f"0.{part}") * 86_400e9), "ns")
    if clock:
        zone = _ZONE.search(clock)
        if zone and zone[0]:
            clock = clock[: zone.start()]
            instant -= _offset(zone)
        hours, minutes, *seconds = (float(value) for value in clock.split(":"))
        elapsed = 3600 * hours + 60 * minutes + sum(seconds)
        if elapsed > 86_400 or minutes >= 60:
            raise ValueError(f"{clock!r} is not a time of day")
        instant += np.timedelta64(round(elapsed * 1e9), "ns")
    return instant


def _offset(zone: re.Match[str]) -> np.timedelta64:
    sign, hours, minutes = zone.groups()
    east = 60 * int(hours) + int(minutes) if sign else 0
    if east > 14 * 60:
        raise ValueError(f"{zone[0].strip()!r} is not an offset from UTC")
    return np.timedelta64((-east if sign == "-" else east) * 60_000_000_000, "ns")


def _all_day(day: str) -> np.timedelta64:
    return 0 * DAY if "." in day else DAY
