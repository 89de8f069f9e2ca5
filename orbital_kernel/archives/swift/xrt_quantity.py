"""What the values of a UKSSDC light curve are: unit, band, read-out mode.

Source: swifttools, data structures of `ukssdc` (names of datasets: PC, WT, with UL, Hard,
Soft or HR behind them) and its burst analyser ('Density', Jy at 10 keV; 'BATBand').

limits.py says which points are upper limits; those of UKSSDC are of 3 sigma.
"""

import re
from dataclasses import dataclass

FLUX, RATE, DENSITY = "erg / (cm2 s)", "count / s", "mJy"
RATIO = "ratio"
XRT_BAND, BAT_BAND = (0.3, 10.0), (15.0, 50.0)
DENSITY_KEV = 10.0
LIMIT_CONFIDENCE = 0.9973
MILLIJANSKY = {"": 1e3, "m": 1.0, "u": 1e-3, "\u00b5": 1e-3, "\u03bc": 1e-3}
_JANSKY = re.compile(r"(?<![A-Za-z])([mu\u00b5\u03bc]?)Jy\b")
_RATIO = re.compile(
    r"hardness|gamma|\bnh\b|(?<![A-Za-z])(?-i:(?:WT|PC)?HR)(?![A-Za-z])", re.IGNORECASE
)
_RATE = re.compile(
    r"(?<![A-Za-z])(?:count_?)?rate(?![A-Za-z])|\bcount rate\b", re.IGNORECASE
)
_MODE = re.compile(r"\b(WT|PC)|(?<![a-z])(wt|pc)(?![a-z])|xrt(wt|pc)")
_PART = re.compile(
    r"(?:(?<![A-Za-z])|(?<=WT)|(?<=PC))(hard|soft)(?![a-z])", re.IGNORECASE
)
_KEV = re.compile(r"(?P<low>\d*\.?\d+)\s*-\s*(?P<high>\d+\.?\d*)\s*keV")
_AT_KEV = re.compile(r"\bat\s+(\d+(?:\.\d+)?)\s*keV")


@dataclass(frozen=True)
class Quantity:
    """Unit of the values as stored, and the factor to it."""

    unit: str
    factor: float = 1.0


@dataclass(frozen=True)
class Band:
    """A band by name, with its edges in keV if the file gives them."""

    name: str | None
    low: float | None = None
    high: float | None = None


def quantity_of(*texts: str) -> Quantity | None:
    """Return the quantity that the first text to name one gives; None if none does."""
    for text in texts:
        if names_ratio(text):
            return Quantity(RATIO)
        jansky = _JANSKY.search(text)
        if jansky or "density" in text.lower():
            prefix = jansky or _JANSKY.search("\n".join(texts))
            return Quantity(DENSITY, MILLIJANSKY[prefix[1] if prefix else ""])
        if "flux" in text.lower():
            return Quantity(FLUX)
        if _RATE.search(text):
            return Quantity(RATE)
    return None


def band_of(quantity: Quantity, heading: str, words: str, *, of_bat: bool) -> Band:
    """Return the band: of the block if it names one, else of the file."""
    if quantity.unit == DENSITY:
        energy = _AT_KEV.search(heading) or _AT_KEV.search(words)
        kev = float(energy[1]) if energy else DENSITY_KEV
        return Band(f"{kev:g} keV", kev, kev)
    part = _PART.search(heading)
    edges = _KEV.search(heading) or (None if part else _KEV.search(words))
    if edges:
        low, high = float(edges["low"]), float(edges["high"])
    elif part or of_bat:
        return Band(part[1].lower() if part else None)
    else:
        low, high = BAT_BAND if "batband" in heading.lower() else XRT_BAND
    name = part[1].lower() if part else f"{low:g}-{high:g} keV"
    return Band(name, low, high)


def names_ratio(heading: str) -> bool:
    """Return whether a block of that name holds ratios, or parameters of a spectrum."""
    return _RATIO.search(heading) is not None


def mode_of(heading: str) -> str | None:
    """Return 'WT' or 'PC' where a block's heading names it."""
    if match := _MODE.search(heading):
        return next(part for part in match.groups() if part).upper()
    return None
