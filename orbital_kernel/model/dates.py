"""Dates and times of day as text: ISO 8601 with offsets, days of the year, leap seconds.

ISO 8601 allows an offset from UTC ('Z', '+00:00', '+0200'), an ordinal date
('2012-123') and the second 60 that ends a day with a leap second. Chandra writes
'2012:123:04:05:06.789': year, day of the year, time of day. Numbers alone that could be
read two ways ('2012123') are refused.
"""

import re

import numpy as np
from numpy.typing import ArrayLike

from orbital_kernel.model.scales import NS, Instants, leap_seconds, utc_to_tt

BLANK = {"", "n/a", "none", "null", "nan", "nat"}
FORMS = ("", "2", "3")
"""Endings of the names of groups: with colons, without, with the day of the year."""
SECOND = np.timedelta64(NS, "ns")
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d+))?)?"
)
_CLOSE = r"(?P<hour2>\d\d)(?P<minute2>\d\d)(?P<second2>\d\d)(?:[.,](?P<part2>\d+))?"
_DAY = r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
_ORDINAL = r"(?P<year2>\d{4})(?P<mark>[:-])(?P<ordinal>\d{3})"
_ZONE = (
    r"(?:Z|UTC?|(?:UTC?)?(?P<sign>[+-])(?P<east>\d\d)(?::?(?P<east_minutes>\d\d))?)?"
)
_DATE = re.compile(
    rf"\s*(?:{_DAY}(?:[T ](?:{_CLOCK}|{_CLOSE})\s*{_ZONE}|\s*(?:Z|UTC?)?)"
    rf"|{_ORDINAL}(?:[T: ]{_CLOCK.replace('>', '3>')}\s*{_ZONE.replace('>', '3>')})?)\s*",
    re.IGNORECASE,
)

_UTC = re.compile(r".*\d\s*(?:Z|UTC?)\s*", re.IGNORECASE)


def parse_utc(text: str) -> np.datetime64:
    """Return the instant that an ISO-like text names.

    Parameters
    ----------
    text : str
        A date, or date and time: with or without dashes, separated by a blank or 'T',
        hours of one or two digits; or year and day of the year, as Chandra writes them
        ('2012:123:04:05:06.789'). An offset from UTC may follow ('Z', 'UTC', '+02:00');
        without one the text is UTC.

    Returns
    -------
    numpy.datetime64
        The instant, UTC, in ns; NaT for blank text and 'n/a'. datetime64 has no leap
        seconds: 23:59:60 is given as the second after it. `tt_from_utc` keeps the two
        apart if it is given the text.

    Raises
    ------
    ValueError
        For any other text.

    Examples
    --------
    >>> from orbital_kernel.model.times import parse_utc
    >>> str(parse_utc("2024-9-12"))
    Traceback (most recent call last):
    ...
    ValueError: '2024-9-12' is not a date and time such as 2013-04-27T07:47:57.5
    >>> str(parse_utc("20240912 1:46:38Z"))
    '2024-09-12T01:46:38.000000000'
    >>> str(parse_utc("2012-05-02T06:05:06+02:00"))
    '2012-05-02T04:05:06.000000000'
    >>> str(parse_utc("2012:123:04:05:06.789"))
    '2012-05-02T04:05:06.789000000'

    References
    ----------
    ISO 8601-1:2019, sections 5.2 and 5.3. Chandra's form: cxc.harvard.edu/ciao/threads/time.
    """
    return _read(text)[0]


def tt_from_utc(utc: ArrayLike) -> Instants:
    """Convert UTC to TT.

    Parameters
    ----------
    utc : array_like
        datetime64 or text (see `parse_utc`); NaT and blank text stay NaT.

    Returns
    -------
    numpy.ndarray of datetime64[ns]
        The instants, TT: UTC plus leap seconds plus 32.184 s. Of text a leap second
        (23:59:60) is distinct from the second after it.

    Raises
    ------
    ValueError
        If a text is not a date.

    Examples
    --------
    >>> from orbital_kernel.model.times import tt_from_utc
    >>> tt_from_utc(["2017-01-01T00:00:00"]).astype(str).tolist()
    ['2017-01-01T00:01:09.184000000']
    >>> tt_from_utc(["2016-12-31T23:59:60"]).astype(str).tolist()
    ['2017-01-01T00:01:08.184000000']
    """
    instants = np.atleast_1d(np.asarray(utc))
    if instants.dtype.kind == "M":
        return utc_to_tt(instants.astype("datetime64[ns]"))
    dates = [_read("" if text is None else str(text)) for text in instants.ravel()]
    parsed = np.array([date for date, _ in dates], dtype="datetime64[ns]")
    in_leap_second = np.array([within for _, within in dates], dtype=bool)
    tt = utc_to_tt(parsed)
    return np.where(in_leap_second, tt - SECOND, tt).reshape(instants.shape)


def is_zoned(text: str) -> bool:
    """Return whether a date says that it is UTC, or by how much it differs."""
    match = _DATE.fullmatch(text)
    return match is not None and bool(_text(match, "sign") or _UTC.fullmatch(text))


def _read(text: str) -> tuple[np.datetime64, bool]:
    """Return the instant (UTC) and whether it is within a leap second."""
    if text.strip().lower() in BLANK:
        return np.datetime64("NaT", "ns"), False
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a date and time such as 2013-04-27T07:47:57.5"
        )
    hour, minute, second = (_number(match, n) for n in ("hour", "minute", "second"))
    part = int((_text(match, "part") or "0")[:9].ljust(9, "0"))
    after_24 = hour == 24 and (minute or second or part)
    if hour > 24 or minute > 59 or second > 60 or after_24:
        raise ValueError(f"{text!r} has an impossible time of day")
    east = _number(match, "east") * 60 + _number(match, "east_minutes")
    if east > 14 * 60 or _number(match, "east_minutes") > 59:
        raise ValueError(f"{text!r} has an impossible offset from UTC")
    minutes = hour * 60 + minute + (east if _text(match, "sign") == "-" else -east)
    ns = (minutes * 60 + second) * NS
    start = _day(match, text) + np.timedelta64(ns, "ns")
    ends_leap_second = second == 60 and start.view(np.int64) in leap_seconds()[0][1:]
    return start + np.timedelta64(part, "ns"), bool(ends_leap_second)


def _day(match: re.Match[str], text: str) -> np.datetime64:
    if match["year"]:
        date = f"{match['year']}-{match['month']}-{match['day']}"
        return np.datetime64(date, "ns")
    ordinal = int(match["ordinal"])
    new_year = np.datetime64(f"{match['year2']}-01-01", "D")
    day = new_year + np.timedelta64(ordinal - 1, "D")
    if ordinal == 0 or day.astype("datetime64[Y]") != new_year.astype("datetime64[Y]"):
        raise ValueError(f"{text!r}: the year has no day {ordinal}")
    start: np.datetime64 = day.astype("datetime64[ns]")
    return start


def _text(match: re.Match[str], name: str) -> str | None:
    """Return a group of whichever form the date has; None if the form lacks it."""
    groups = match.groupdict()
    return next((v for form in FORMS if (v := groups.get(name + form))), None)


def _number(match: re.Match[str], name: str) -> int:
    return int(_text(match, name) or 0)
