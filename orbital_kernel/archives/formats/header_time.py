"""Time in headers: TIMEUNIT, TIMEZERO and the place of arrival (TIMEREF, TREFPOS).

Sources: FITS standard 4.0, section 9; OGIP 93-003 (TIMEREF LOCAL, SOLARSYSTEM, …).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orbital_kernel.archives.formats.keywords import number, text
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astropy.io import fits

SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec"), 1e-3),
    **dict.fromkeys(("us", "usec"), 1e-6),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("a", "yr", "year", "years"), 365.25 * 86_400),
}
PLACES = {
    "LOCAL": "spacecraft",
    "TOPOCENT": "spacecraft",
    "SOLARSYS": "barycentre",
    "BARYCENT": "barycentre",
    "GEOCENTR": "geocentre",
    "GEOCENTE": "geocentre",
    "HELIOCEN": "heliocentre",
}
"""Where times of arrival are of, by the first letters of TIMEREF or TREFPOS."""


def keyword_s(header: "fits.Header", name: str) -> float | None:
    """Return a keyword of time in seconds; None where absent or not a number."""
    value = number(header, name)
    return None if value is None else value * unit_s(header)


def unit_s(header: "fits.Header") -> float:
    """Return TIMEUNIT in seconds; raises ArchiveError for one that is not a unit of time."""
    return seconds_in(text(header, "TIMEUNIT") or "s", "TIMEUNIT")


def seconds_in(written: str, owner: str) -> float:
    """Return a unit of time in seconds; ArchiveError, with the owner's name, for another.

    Prefixes keep their case: Ms is a million seconds, ms a thousandth.
    """
    unit = written.strip()
    if unit in SECONDS:
        return SECONDS[unit]
    from astropy import units as u  # noqa: PLC0415 - few headers need them

    try:
        return float(u.Unit(unit).to(u.s))
    except (u.UnitConversionError, ValueError, TypeError):
        pass
    if unit.lower() in SECONDS:
        return SECONDS[unit.lower()]
    raise ArchiveError(
        f"{owner} is {written!r}, which is not a unit of time: correct the header "
        "(s, min, h or d)"
    )


def zero_s(header: "fits.Header", otherwise: float = 0.0) -> float:
    """Return TIMEZERO in seconds, or TIMEZERI + TIMEZERF; `otherwise` where absent."""
    parts = [keyword_s(header, name) for name in ("TIMEZERI", "TIMEZERF")]
    zero = keyword_s(header, "TIMEZERO")
    if zero is not None:
        return zero
    given = [part for part in parts if part is not None]
    return sum(given) if given else otherwise


def placed_rule(rule: str, *headers: "Mapping[str, Any] | fits.Header") -> str:
    """Return the time rule with the place that TIMEREF or TREFPOS names, if another."""
    for header in headers:
        for name in ("TIMEREF", "TREFPOS"):
            place = PLACES.get(str(header.get(name) or "").strip().upper()[:8])
            if place is not None:
                return rule if place_of(rule) == place else f"{rule} at {place}"
    return rule
