"""Time in FITS tables: TIMEUNIT, TIMEZERO and the place that TIMEREF names.

A column's own unit (TUNITn) applies to it, TIMEUNIT to columns without one and to the
keywords; both default to seconds. TIMEZERO is added to the times of a table.
Sources: FITS standard 4.0, section 9; OGIP 93-003 (TIMEREF LOCAL, SOLARSYSTEM, …).
"""

from orbital_kernel.archives.formats import header_time
from orbital_kernel.archives.formats.fits import Block, Hdu, Reals
from orbital_kernel.archives.formats.header_time import (
    keyword_s,
    placed_rule,
    unit_s,
)
from orbital_kernel.model.times import place_of

__all__ = ["keyword_s", "placed_rule", "remark", "seconds", "zero_s"]


def seconds(block: Block, name: str) -> Reals:
    """Return a column of times or widths in seconds, NaN where null."""
    field = block.hdu.field(name)
    own = (
        header_time.seconds_in(field.unit, f"the unit of {name}") if field.unit else 0.0
    )
    return block.reals(name) * (own or unit_s(block.hdu.header))


def zero_s(hdu: Hdu, otherwise: float = 0.0) -> float:
    """Return TIMEZERO in seconds, or TIMEZERI + TIMEZERF; `otherwise` where absent."""
    return header_time.zero_s(hdu.header, otherwise)


def remark(rule: str, hdu: Hdu) -> str | None:
    """Return what the account says of times that are not of the spacecraft."""
    place = place_of(rule)
    if place != "spacecraft":
        return f"times are of arrival at the {place}"
    if hdu.has("BARYTIME"):
        return "TIME is of arrival at the spacecraft; column BARYTIME is not read"
    return None
