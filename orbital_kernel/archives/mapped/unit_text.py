r"""Units as tables write them: of FITS and VOTable columns, and in headings of text tables.

`flux [mJy]` and `Flux (10^-12 erg/cm2/s)` state a unit; `flux (unabsorbed)` and `mag (V)`
do not: a heading's brackets count only if they hold a unit of a kind that tables of
astronomy have (flux, flux density, rate, luminosity, magnitude, time, angle, energy).
"""

import re
import warnings
from typing import Any

MAGNITUDES = ("mag(AB)", "mag(Vega)")
MAGNITUDE = "mag"
FOOTNOTE = "a"
"""In a heading a note below the table, not a year."""
Unit = Any
"""A unit of astropy, or the text of a magnitude: mag, mag(AB), mag(Vega)."""

_HEADING = re.compile(r"[(\[]([^()\[\]]*(?:\([^()]*\)[^()\[\]]*)?)[)\]]\s*$")
_SIGNS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻−×·µμ", "0123456789+--* uu")  # noqa: RUF001
_RAISED = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_FACTOR = re.compile(
    r"^\s*[*x]?\s*10\s*(?:\^|\*\*)?\s*\{?([-+]?\d{1,2})\}?\s*\*?\s*(?=\D)"
)
_POWER = re.compile(r"(?<=[A-Za-z])\s*(?:\^|\*\*)\s*[{(]?([-+]?\d)[})]?")
_BARE_POWER = re.compile(r"(?<=[A-Za-z])(-\d)(?=\W|$)")
_MAGNITUDE = re.compile(r"(?:(AB|Vega)\W*)?mags?\W*(AB|Vega)?\W*|(AB)", re.IGNORECASE)
_SPELLINGS = {
    "ergs": "erg", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "days": "d",
    "day": "d", "hours": "h", "hour": "h", "hr": "h", "minutes": "min", "ksec": "ks",
    "counts": "ct", "count": "ct", "cts": "ct", "cnt": "ct", "cnts": "ct",
    "photons": "ph", "photon": "ph", "phot": "ph", "degrees": "deg", "degree": "deg",
    "arcseconds": "arcsec", "arcsecs": "arcsec", "kev": "keV", "ev": "eV", "jy": "Jy",
    "ujy": "uJy", "millijy": "mJy", "microjy": "uJy", "sqcm": "cm2",
    "mujy": "uJy", "hrs": "h", "arcminutes": "arcmin", "angstroms": "Angstrom",
    "cgs": "erg / (cm2 s)",
}  # fmt: skip
_KINDS = (
    *("erg / (cm2 s)", "ph / (cm2 s)", "ct / (cm2 s)", "ct / s", "Jy"),
    *("erg / (s cm2 AA)", "erg / s", "s", "deg", "eV"),
)
_WHERE = ("s", "deg", "eV", "m")


def stated_unit(text: str) -> Unit | None:
    """Return the unit a table states, however it spells it; None if it is not one."""
    from astropy import units as u  # noqa: PLC0415 - a tenth of a second

    if match := _MAGNITUDE.fullmatch(text.strip()):
        system = (match[1] or match[2] or match[3] or "").lower()
        return {"ab": "mag(AB)", "vega": "mag(Vega)", "": MAGNITUDE}[system]
    power, cell = 0, _RAISED.sub(lambda m: "^" + m[0], text).translate(_SIGNS)
    if match := _FACTOR.match(cell):
        power, cell = int(match[1]), cell[match.end() :]
    cell = _BARE_POWER.sub(r"**(\1)", _POWER.sub(r"**(\1)", cell))
    cell = re.sub(
        r"[A-Za-z]+",
        lambda m: _SPELLINGS.get(m[0], _SPELLINGS.get(m[0].lower(), m[0])),
        cell,
    )
    if re.search(r"[A-Za-z]erg\b", cell) or not cell.strip():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            unit = u.Unit(cell.strip())
    except (ValueError, TypeError):
        return None
    if not isinstance(unit, u.UnitBase) or unit == u.dimensionless_unscaled:
        return None
    return u.Unit(10.0**power * unit) if power else unit


def heading_unit(heading: str) -> Unit | None:
    """Return the unit in brackets at the end of a heading; None without one."""
    words = heading_words(heading)
    return None if words is None else _known(words)


def heading_words(heading: str) -> str | None:
    """Return the words of the unit in brackets at the end of a heading, if there is one.

    Of several things in the brackets, as in `F (1 keV, uJy)`, the one is taken that is
    no time, angle or energy, which say where or when the value is.
    """
    match = _HEADING.search(heading)
    if match is None or match[1].strip() == FOOTNOTE:
        return None
    if _known(match[1]) is not None:
        return match[1]
    parts = re.split("[,;]", match[1])
    values = [p for p in parts if (unit := _known(p)) and not _says_where(unit)]
    return values[0] if len(values) == 1 else None


def _known(text: str) -> Unit | None:
    unit = stated_unit(text)
    if isinstance(unit, str) or unit is None:
        return unit
    return unit if any(unit.is_equivalent(kind) for kind in _KINDS) else None


def _says_where(unit: Unit) -> bool:
    return not isinstance(unit, str) and any(unit.is_equivalent(k) for k in _WHERE)
