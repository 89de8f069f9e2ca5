"""The time axis of an XRT light curve: seconds since T0, MET, MJD, JD or TDB.

Source: swifttools, data structures of `ukssdc` (TimeFormat): MJD is UTC, TDB is
Barycentric Dynamical Time as an MJD, MET is Swift's own clock.

Seconds since T0 are elapsed seconds, so TT is T0's TT plus them, also across a leap
second; UTCF, which contains leap seconds, then differs from that of T0. MET without a T0
has no UTCF: the clock value is kept and no time is claimed. Widths have the axis' unit.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.model import times

Reals = NDArray[np.float64]

JD_ZERO = 2_400_000.5
MJD_YEARS = (50_000.0, 80_000.0)
"""From 1995 to 2077: other numbers are not the MJD of a Swift observation."""
MET_RULE = "swift-met-utcf"
SCALES = {
    "MJD": "mjd-utc",
    "JD": "mjd-utc",
    "TDB": "mjd-tdb",
    "TT": "mjd-tt",
    "BJD": "mjd-tdb",
    "HJD": "mjd-utc at heliocentre",
}
_NAMED = re.compile(r"(?<![A-Za-z])(MJD|[BH]?JD|TDB|MET)(?![A-Za-z])")
_SCALE = re.compile(r"(?<![A-Za-z])(TDB|TT)(?![A-Za-z])")
"""The scale of days, where it is not UTC: `MJD (TDB)`, `JD_TT`."""
_UNIT = re.compile(
    r"(?:[(\[]|\b(?:in|is)\s+)\s*(sec(?:ond)?s?|s|ks|min(?:ute)?s?|h(?:our)?s?|hrs?|d(?:ay)?s?)"
    r"(?:\s+since\b[^)\]]*)?\s*(?:[)\]]|$|\b)",
    re.IGNORECASE,
)
_ABOUT_TIME = re.compile(r"\btimes?\b|^\s*la\w*\s+x\b", re.IGNORECASE)
_SECONDS = {"s": 1.0, "k": 1e3, "m": 60.0, "h": 3600.0, "d": float(times.DAY_S)}


@dataclass(frozen=True)
class Axis:
    """What the numbers of the axis are: a date format, MET or '' for since T0; its unit."""

    form: str = ""
    unit_s: float | None = None


@dataclass(frozen=True)
class Zero:
    """T0 on Swift's clock and in UTC."""

    met_s: float
    utc: np.datetime64


def axis_of(columns: str, words: str) -> Axis:
    """Return the axis that the column names state, else the comments and labels."""
    about = [line for line in words.splitlines() if _ABOUT_TIME.search(line)]
    for text in (_first_column(columns), *about):
        if match := _NAMED.search(text):
            scale = _SCALE.search(text) if match[1] in {"MJD", "JD"} else None
            return Axis(scale[1] if scale else match[1])
        if unit := _UNIT.search(text):
            return Axis(unit_s=_SECONDS[unit[1][0].lower()])
    first = columns.split(maxsplit=1)[0].lower() if columns else ""
    return Axis(unit_s=_SECONDS["d"]) if first in {"day", "days"} else Axis()


def time_columns(
    axis: Axis, clock: Reals, plus: Reals, minus: Reals, zero: Zero | None
) -> dict[str, Any]:
    """Return the time columns that the axis justifies; {} if it justifies none."""
    if axis.form == "MET":
        return _of_met(clock, plus, minus, zero)
    if axis.form:
        return _of_dates(axis.form, clock, plus, minus)
    unit = axis.unit_s or 1.0
    since, widths = clock * unit, _widths(plus * unit, minus * unit)
    if zero is None:
        return {"since_t0_s": since, **widths}
    return {"since_t0_s": since, **widths, **_elapsed(since, zero)}


def _first_column(columns: str) -> str:
    """Return the name of the first column with the unit behind it."""
    match = re.match(r"\S+(?:\s*[(\[][^)\]]*[)\]])?", columns)
    return match[0] if match else ""


def _of_dates(form: str, days: Reals, plus: Reals, minus: Reals) -> dict[str, Any]:
    mjd = np.where(days > 2_000_000, days - JD_ZERO, days)
    low, high = MJD_YEARS
    if not ((mjd > low) & (mjd < high) | np.isnan(mjd)).all():
        return {}
    rule = SCALES[form]
    widths = _widths(plus * times.DAY_S, minus * times.DAY_S)
    return {"time": times.to_tt(rule, mjd), "time_rule": rule, **widths}


def _of_met(met: Reals, plus: Reals, minus: Reals, zero: Zero | None) -> dict[str, Any]:
    if zero is None:
        return {"met_s": met, **_widths(plus, minus)}
    if np.nanmax(np.abs(met), initial=0.0) < zero.met_s / 2:
        return {"since_t0_s": met, **_widths(plus, minus), **_elapsed(met, zero)}
    since = met - zero.met_s
    return {"since_t0_s": since, **_widths(plus, minus), **_elapsed(since, zero)}


def _elapsed(since: Reals, zero: Zero) -> dict[str, Any]:
    utcf = times.met_utcf(zero.met_s, zero.utc)
    met = zero.met_s + since
    tt, corrections = times.swift_elapsed(met, utcf_s=utcf, at_met_s=zero.met_s)
    return {
        "time": tt,
        "met_s": met,
        "utcf_s": corrections,
        "time_rule": MET_RULE,
    }


def _widths(plus: Reals, minus: Reals) -> dict[str, Any]:
    return {"time_err_plus_s": plus, "time_err_minus_s": minus}
