"""Column headings as published tables write them: name, unit and band.

`Flux (10^-13 erg cm^-2 s^-1)` names the unit `1e-13 erg / (cm2 s)` as `astropy` reads it;
`flux(unabsorbed,0.3-10keV)` names a band and no unit. A unit that is not understood is
None, never a guess.
"""

import math
import re
from dataclasses import dataclass

from orbital_kernel.archives.mapped.notation import plain
from orbital_kernel.archives.mapped.unit_text import heading_words, stated_unit

_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]\s*$")
_KEV = re.compile(
    r"(\d+\.?\d*)\s*(?:-|to|_)\s*(\d+\.?\d*)\s*_?(kev|ev)\b", re.IGNORECASE
)
_NOT_UNITS = {"J", "a", "min", "max", "B", "V", "R", "T", "h", "u", "G", "C", "K", "F"}
"""Symbols of units that more often are bands, epochs or bounds in a heading."""
SCALES = {"UT": "utc", "UTC": "utc", "GMT": "utc", "TT": "tt", "TDB": "tdb"}
_SCALE = re.compile(
    r"(?:\s*[(\[,_]\s*|\s+)(UTC|UT|GMT|TT|TDB)\s*[)\]]?\s*$", re.IGNORECASE
)
HIGHEST_POWER = 4
"""Units of tables have no higher one: `J2000` is an epoch."""


@dataclass(frozen=True)
class Heading:
    """What a heading says: the name without its unit, the unit, the band in keV."""

    name: str
    unit: str | None = None
    kev: tuple[float, float] | None = None


def heading(text: str) -> Heading:
    """Return what a column's heading says."""
    cell = plain(text.replace("_", " ") if " " not in text else text)
    match = _BRACKETS.search(cell)
    written = unit(match[1]) if match and match[1].strip() not in _NOT_UNITS else None
    if written is None and match and re.search("[,;]", match[1]):
        written = unit(heading_words(cell) or "")
    name = cell[: match.start()].strip() if match else cell
    return Heading(name, written, band(text))


def unit(text: str) -> str | None:
    """Return a unit in astropy's FITS style, with its factor; None if it is none.

    Examples: `10^-13 erg cm^-2 s^-1`, `erg.s-1.cm-2`, `ergs/cm^2/sec`, `μJy`, `AB mag`.
    """
    stated = stated_unit(plain(text).strip("()[] "))
    if stated is None or isinstance(stated, str):
        return stated
    if not 0 < max((abs(float(p)) for p in stated.powers), default=0) <= HIGHEST_POWER:
        return None
    exponent = math.log10(stated.scale)
    if exponent == 0 or not math.isclose(exponent, round(exponent), abs_tol=1e-9):
        return str(stated.to_string("generic"))
    from astropy import units as u  # noqa: PLC0415 - a tenth of a second

    named = u.CompositeUnit(1.0, stated.bases, stated.powers).to_string("generic")
    return f"1e{round(exponent)} {named}"


def band(text: str) -> tuple[float, float] | None:
    """Return the edges in keV that a heading or a cell names, as `0.3-10 keV`."""
    match = _KEV.search(plain(text))
    if match is None:
        return None
    scale = 1e-3 if match[3].lower() == "ev" else 1.0
    low, high = float(match[1]) * scale, float(match[2]) * scale
    return (low, high) if 0 < low < high else None


def scale_of(column: str) -> str | None:
    """Return the time scale that a heading names behind it: `MJD (TT)`, `Date [UT]`."""
    match = _SCALE.search(column)
    return None if match is None else SCALES[match[1].upper()]


def without_scale(name: str) -> str:
    """Return a heading without the time scale behind it."""
    return _SCALE.sub("", name)
