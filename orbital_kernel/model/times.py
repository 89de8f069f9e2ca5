"""From any observatory's clock to the one time column: int64 nanoseconds, TT.

Swift and Chandra look alike and are not: Swift counts from 2001-01-01 UTC on a clock
that drifts and is never set (``CLOCKAPP = F``), Chandra from 1998-01-01 TT on one that
is corrected. Reading Swift's TIME through MJDREF as if it were TT is wrong by -0.5 s in
2005 and +23 s in 2021. Each rule is a named function here; its name travels with the
row in `time_rule`.

Arithmetic is in whole nanoseconds; leap seconds come from the table astropy ships.
Nothing is downloaded (`scales.offline`). Sources: swift.gsfc.nasa.gov time guide; CXC ``cxotime``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.model.dates import parse_utc, tt_from_utc
from orbital_kernel.model.scales import (
    NAT,
    NS,
    TT_MINUS_TAI_NS,
    Instants,
    Reals,
    instants_of,
    leap_seconds,
    tdb_to_tt,
    utc_to_tt,
)

__all__ = [
    "NAT",
    "NS",
    "TIME_RULES",
    "Instants",
    "Reals",
    "TimeRule",
    "met_utcf",
    "parse_utc",
    "place_of",
    "swift_elapsed",
    "tai_minus_utc",
    "time_rule",
    "to_tt",
    "to_utc_iso",
    "tt_from_utc",
    "utc_from_tt",
]

DAY_S = 86_400
SWIFT_EPOCH_UTC = np.datetime64("2001-01-01T00:00:00", "ns")
CHANDRA_EPOCH_TT = np.datetime64("1998-01-01T00:00:00", "ns")
MJD_EPOCH = np.datetime64("1858-11-17T00:00:00", "ns")
REACH_S = 6_800_000_000
SPACECRAFT, BARYCENTRE = "spacecraft", "barycentre"
_PLACE = re.compile(r" at (spacecraft|barycentre|geocentre|heliocentre)$")
_SINCE = re.compile(r"since (\S+) (utc|tt|tdb)")


@dataclass(frozen=True)
class TimeRule:
    """One way to read a clock: `convert(values, utcf_s)` returns instants, TT."""

    name: str
    convert: Callable[[Reals, Reals], Instants]
    doc: str


def to_tt(rule: str, values: ArrayLike, *, utcf_s: ArrayLike = 0.0) -> Instants:
    """Convert an observatory's clock values to instants on the TT scale.

    Parameters
    ----------
    rule : str
        Name of a rule of `TIME_RULES`, or 'since 2001-01-01T00:00:00 utc' (or tt, tdb)
        for a clock that counts SI seconds from that epoch. The column `time_rule` of
        each row names the rule that gave its `time`.
    values : array_like
        Clock values: seconds, or days for the mjd rules. NaN gives NaT.
    utcf_s : array_like, default 0
        Correction from Swift's clock to UTC (header keyword UTCFINIT), s; other rules
        ignore it.

    Returns
    -------
    numpy.ndarray of datetime64[ns]
        The instants, TT.

    Raises
    ------
    KeyError
        If there is no such rule.
    ValueError
        If a value is more than 215 years from the epoch.

    Examples
    --------
    >>> from orbital_kernel.model.times import to_tt, to_utc_iso
    >>> to_utc_iso(to_tt("chandra-tt", [757382469.307]))
    ['2022-01-01T00:00:00.123']
    >>> to_utc_iso(to_tt("swift-met-utcf", [388741688.0], utcf_s=-10.48836))
    ['2013-04-27T07:47:57.512']

    References
    ----------
    Swift: swift.gsfc.nasa.gov/analysis/suppl_uguide/time_guide.html.
    Chandra: cxc.harvard.edu/contrib/arots/time; cxotime.
    TDB-TT: Fairhead & Bretagnon 1990, A&A 229, 240, as in ERFA's dtdb (geocentre).
    """
    numbers = np.atleast_1d(np.asarray(values, dtype=np.float64))
    correction = np.broadcast_to(np.asarray(utcf_s, dtype=np.float64), numbers.shape)
    return time_rule(rule).convert(numbers, correction)


def time_rule(name: str) -> TimeRule:
    """Return the rule of that name; see `to_tt` for names and errors."""
    bare = _PLACE.sub("", name)
    rule = TIME_RULES.get(bare) or _elapsed(bare)
    return rule if bare == name else replace(rule, name=name)


def place_of(name: str | None) -> str:
    """Return where photons arrive at the times of a rule: spacecraft, or a centre.

    Parameters
    ----------
    name : str or None
        A rule of `to_tt`, as in the column `time_rule`; ' at barycentre' (or geocentre,
        heliocentre, spacecraft) may follow. Without it, TDB is of the barycentre.

    Returns
    -------
    str
        'spacecraft', 'barycentre', 'geocentre' or 'heliocentre'. Arrival at the solar
        system's barycentre is up to 500 s from arrival at a spacecraft near Earth.

    Examples
    --------
    >>> from orbital_kernel.model.times import place_of
    >>> place_of("chandra-tdb"), place_of("swift-met-utcf"), place_of("mjd-tt at geocentre")
    ('barycentre', 'spacecraft', 'geocentre')
    """
    if match := _PLACE.search(name or ""):
        return match[1]
    return BARYCENTRE if (name or "").endswith("tdb") else SPACECRAFT


def utc_from_tt(tt: ArrayLike) -> Instants:
    """Convert TT to UTC.

    Parameters
    ----------
    tt : array_like of datetime64
        Instants, TT; NaT stays NaT.

    Returns
    -------
    numpy.ndarray of datetime64[ns]
        The instants, UTC. datetime64 has no leap seconds: an instant inside one is given
        as the second after it.

    Examples
    --------
    >>> from orbital_kernel.model.times import tt_from_utc, utc_from_tt
    >>> utc_from_tt(tt_from_utc(["2017-01-01T00:00:00"])).astype(str).tolist()
    ['2017-01-01T00:00:00.000000000']
    """
    instants = np.atleast_1d(np.asarray(tt)).astype("datetime64[ns]")
    ns = instants.view(np.int64)
    utc = ns - tai_minus_utc(instants) - TT_MINUS_TAI_NS
    return instants_of(utc, empty=ns == NAT)


def to_utc_iso(tt: ArrayLike, *, unit: str = "ms") -> list[str | None]:
    """Return TT instants as UTC text.

    Parameters
    ----------
    tt : array_like of datetime64
        Instants, TT.
    unit : {'s', 'ms', 'us', 'ns'}, default 'ms'
        Precision of the text; instants are rounded to it.

    Returns
    -------
    list of str or None
        ISO text such as '2013-04-27T07:47:57.512'; None for NaT.
    """
    half = {"s": 500_000_000, "ms": 500_000, "us": 500, "ns": 0}[unit]
    utc = utc_from_tt(tt) + np.timedelta64(half, "ns")
    text = np.datetime_as_string(utc.astype(f"datetime64[{unit}]"))
    values: list[str | None] = [*text.ravel().tolist()]
    for at in np.flatnonzero(np.isnat(utc.ravel())):
        values[at] = None
    return values


def met_utcf(met_s: float, utc: np.datetime64) -> float:
    """Return the correction of Swift's clock that belongs to an instant.

    Parameters
    ----------
    met_s : float
        Swift's clock, s.
    utc : numpy.datetime64
        The same instant, UTC.

    Returns
    -------
    float
        UTCF, s: UTC = 2001-01-01 + MET + UTCF in days of 86,400 s.
    """
    seconds = np.floor(met_s)
    elapsed = int((utc.astype("datetime64[ns]") - SWIFT_EPOCH_UTC).astype(np.int64))
    return float((elapsed - int(seconds) * NS) / NS - (met_s - seconds))


def swift_elapsed(
    met_s: ArrayLike, *, utcf_s: float, at_met_s: float
) -> tuple[Instants, Reals]:
    """Return TT of Swift's clock from the correction at one instant, leap seconds obeyed.

    UTCF contains leap seconds, the clock counts none: between `at_met_s` and a clock
    value the clock's seconds elapse, and UTCF changes by each leap second among them.

    Parameters
    ----------
    met_s : array_like
        Swift's clock, s; NaN gives NaT.
    utcf_s : float
        Correction from the clock to UTC at `at_met_s` (UTCFINIT at TSTART), s.
    at_met_s : float
        Clock value at which the correction holds, s.

    Returns
    -------
    numpy.ndarray of datetime64[ns]
        The instants, TT.
    numpy.ndarray of float
        UTCF of each instant, s: `to_tt("swift-met-utcf", met_s, utcf_s=...)` agrees.

    Examples
    --------
    >>> from orbital_kernel.model.times import swift_elapsed, to_utc_iso
    >>> tt, utcf = swift_elapsed([504921616.0], utcf_s=-16.5, at_met_s=504921600.0)
    >>> to_utc_iso(tt), utcf.tolist()
    (['2016-12-31T23:59:59.500'], [-16.5])
    >>> tt, utcf = swift_elapsed([504921626.0], utcf_s=-16.5, at_met_s=504921600.0)
    >>> to_utc_iso(tt), utcf.tolist()
    (['2017-01-01T00:00:08.500'], [-17.5])
    """
    met = np.atleast_1d(np.asarray(met_s, dtype=np.float64))
    start = _swift_met_utcf(np.array([at_met_s]), np.array([utcf_s]))
    elapsed = _nanoseconds(met) - _nanoseconds(np.array([at_met_s]))
    empty = np.isnan(met) | np.isnat(start)
    tt = instants_of(np.where(empty, 0, start.view(np.int64) + elapsed), empty=empty)
    passed = tai_minus_utc(tt) - tai_minus_utc(start)
    return tt, utcf_s - passed / NS


def tai_minus_utc(tt: Instants) -> NDArray[np.int64]:
    """Return TAI-UTC at instants on the TT scale, ns; of 1972 if they are NaT."""
    days, offsets = leap_seconds()
    steps = days + offsets + TT_MINUS_TAI_NS
    which = np.searchsorted(steps, tt.view(np.int64), side="right") - 1
    return offsets[np.clip(which, 0, None)]


def _swift_met_utcf(met: Reals, utcf: Reals) -> Instants:
    ns = _nanoseconds(met) + np.round(np.nan_to_num(utcf) * NS).astype(np.int64)
    utc = instants_of(
        SWIFT_EPOCH_UTC.view(np.int64) + ns, empty=np.isnan(met) | np.isnan(utcf)
    )
    return utc_to_tt(utc)


def _chandra_tt(seconds: Reals, _: Reals) -> Instants:
    ns = CHANDRA_EPOCH_TT.view(np.int64) + _nanoseconds(seconds)
    return instants_of(ns, empty=np.isnan(seconds))


def _chandra_tdb(seconds: Reals, _: Reals) -> Instants:
    return tdb_to_tt(_chandra_tt(seconds, _))


@cache
def _elapsed(name: str) -> TimeRule:
    match = _SINCE.fullmatch(name)
    if match is None:
        raise KeyError(
            f"there is no time rule {name!r}; there are {', '.join(TIME_RULES)}, and "
            "'since 2001-01-01T00:00:00 utc' (or tt, tdb) for SI seconds from an epoch"
        )
    epoch = np.atleast_1d(parse_utc(match[1]))
    start = (utc_to_tt(epoch) if match[2] == "utc" else epoch).view(np.int64)[0]

    def convert(seconds: Reals, _: Reals) -> Instants:
        tt = instants_of(start + _nanoseconds(seconds), empty=np.isnan(seconds))
        return tdb_to_tt(tt) if match[2] == "tdb" else tt

    return TimeRule(name, convert, f"SI seconds {name}")


def _mjd_tt(mjd: Reals, _: Reals) -> Instants:
    days_mjd = np.floor(mjd)
    _within(days_mjd * DAY_S - 3_506_716_800)
    days = np.nan_to_num(days_mjd).astype(np.int64) * DAY_S * NS
    part = np.round(np.nan_to_num(mjd - days_mjd) * DAY_S * NS).astype(np.int64)
    return instants_of(MJD_EPOCH.view(np.int64) + days + part, empty=np.isnan(mjd))


def _mjd_utc(mjd: Reals, _: Reals) -> Instants:
    return utc_to_tt(_mjd_tt(mjd, _))


def _mjd_tdb(mjd: Reals, _: Reals) -> Instants:
    return tdb_to_tt(_mjd_tt(mjd, _))


def _unix_utc(seconds: Reals, _: Reals) -> Instants:
    return utc_to_tt(instants_of(_nanoseconds(seconds), empty=np.isnan(seconds)))


def _nanoseconds(seconds: Reals) -> NDArray[np.int64]:
    """Split before scaling: 1e9 s times 1e9 would lose the microseconds."""
    _within(seconds)
    if np.isnan(seconds).any():
        seconds = np.nan_to_num(seconds)
    whole_seconds = np.floor(seconds)
    part = np.round((seconds - whole_seconds) * NS).astype(np.int64)
    return whole_seconds.astype(np.int64) * NS + part


def _within(seconds: Reals) -> None:
    """Nanoseconds in 64 bits reach 292 years either side of 1970."""
    wild = np.abs(seconds) > REACH_S
    if wild.any():
        raise ValueError(
            f"a clock value of {seconds[wild][0]:g} s is not a possible time"
        )


TIME_RULES: Mapping[str, TimeRule] = {
    rule.name: rule
    for rule in (
        TimeRule(
            "swift-met-utcf",
            _swift_met_utcf,
            "UTC = 2001-01-01T00:00:00 + MET + UTCF in plain 86,400-s days",
        ),
        TimeRule("chandra-tt", _chandra_tt, "seconds since 1998-01-01T00:00:00 TT"),
        TimeRule(
            "chandra-tdb",
            _chandra_tdb,
            "seconds since 1998-01-01T00:00:00 TDB, arrival at the solar system's "
            "barycentre: up to 500 s from arrival at the spacecraft",
        ),
        TimeRule("mjd-utc", _mjd_utc, "Modified Julian Date, UTC"),
        TimeRule("mjd-tt", _mjd_tt, "Modified Julian Date, TT"),
        TimeRule("mjd-tdb", _mjd_tdb, "Modified Julian Date, TDB"),
        TimeRule("utc", _unix_utc, "UTC as written; as a number, seconds since 1970"),
    )
}
