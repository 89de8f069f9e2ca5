"""Column headings as published tables write them: name, unit and band.

`Flux (10^-13 erg cm^-2 s^-1)` names the unit `1e-13 erg / (cm2 s)` as `astropy` reads it;
`flux(unabsorbed,0.3-10keV)` names a band and no unit. A unit that is not understood is
None, never a guess.
"""

# ruff: noqa: RUF001  published tables have signs where ASCII has none

import re
import warnings
from dataclasses import dataclass

from astropy import units as u

from orbital_kernel.archives.mapped.notation import plain

_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]\s*$")
_KEV = re.compile(
    r"(\d+\.?\d*)\s*(?:-|to|_)\s*(\d+\.?\d*)\s*_?(kev|ev)\b", re.IGNORECASE
)
_FACTOR = re.compile(
    r"^(?:×\s*)?10\s*(?:\^|\*\*)?\s*\{?\s*([-+]?\d{1,2})\s*\}?\s*(?=\S)"
)
_POWER = re.compile(r"(?<=[A-Za-z])\s*(?:\^|\*\*)?\s*\{?\(?([-+]?\d)\)?\}?")
_SPELLINGS = {
    "ergs": "erg", "sec": "s", "second": "s", "seconds": "s", "counts": "ct", "cts": "ct",
    "count": "ct", "cnt": "ct", "photons": "ph", "photon": "ph", "phot": "ph", "days": "d",
    "day": "d", "hours": "h", "hr": "h", "hrs": "h", "minutes": "min", "ksec": "ks",
    "milliJy": "mJy", "microJy": "uJy", "muJy": "uJy", "degrees": "deg", "degree": "deg",
    "arcseconds": "arcsec", "arcsecs": "arcsec", "arcminutes": "arcmin", "kev": "keV",
    "ev": "eV", "cgs": "erg / (cm2 s)", "Angstroms": "Angstrom",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-zμµ]+")
_NOT_UNITS = {"J", "a", "min", "max", "B", "V", "R", "T", "h", "u", "G", "C", "K", "F"}
"""Symbols of units that more often are bands, epochs or bounds in a heading."""


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
    name = cell[: match.start()].strip() if match else cell
    return Heading(name, written, band(text))


def unit(text: str) -> str | None:
    """Return a unit in astropy's FITS style, with its factor; None if it is none.

    Examples: `10^-13 erg cm^-2 s^-1`, `erg.s-1.cm-2`, `ergs/cm^2/sec`, `μJy`, `AB mag`.
    """
    cell = plain(text).strip("()[] ")
    if system := re.fullmatch(
        r"(AB|Vega)\W*mag|mag\W*(AB|Vega)\W*|AB", cell, re.IGNORECASE
    ):
        return "mag(Vega)" if "vega" in system[0].lower() else "mag(AB)"
    power = 0
    if (match := _FACTOR.match(cell)) or (
        match := re.match(r"(?:1\.?0*)e([-+]?\d+)\s*", cell, re.IGNORECASE)
    ):
        power, cell = int(match[1]), cell[match.end() :]
    cell = _POWER.sub(r"\1", cell.replace("×", " ").replace("·", "."))
    cell = _WORD.sub(
        lambda word: _SPELLINGS.get(_ascii(word[0]), _ascii(word[0])), cell
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = u.Unit(cell.strip(), parse_strict="raise")
    except (ValueError, TypeError):
        return None
    if not isinstance(parsed, u.UnitBase) or not _is_written_on_purpose(cell, parsed):
        return None
    named = parsed.to_string("generic")
    return f"1e{power} {named}" if power else str(named)


def band(text: str) -> tuple[float, float] | None:
    """Return the edges in keV that a heading or a cell names, as `0.3-10 keV`."""
    match = _KEV.search(plain(text))
    if match is None:
        return None
    scale = 1e-3 if match[3].lower() == "ev" else 1.0
    low, high = float(match[1]) * scale, float(match[2]) * scale
    return (low, high) if 0 < low < high else None


def _is_written_on_purpose(cell: str, parsed: u.UnitBase) -> bool:
    """Return whether it is a unit of tables: neither `J2000` nor a misspelt `cerg`."""
    powers = [abs(float(power)) for power in parsed.powers]
    return 0 < max(powers, default=0) <= 4 and not re.search(r"\b\w+erg\b", cell)


def _ascii(word: str) -> str:
    return word.replace("μ", "u").replace("µ", "u")
