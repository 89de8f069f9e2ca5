"""What one point of an OTTER record measured: whose it is, quantity, errors, band.

`value` (converted) goes before `raw` (as published, maybe counts). Where only the raw
value has an error, the converted one has the same relative error. X-ray filters are
'low - high' keV, or the band is that of the point's spectral model; optical ones have
wavelengths in `filter_alias`, or are UVOT's.
"""

import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from orbital_kernel.archives.formats.documents import Document
from orbital_kernel.archives.mapped.bands import FILTERS_NM
from orbital_kernel.archives.reading import Account
from orbital_kernel.errors import ArchiveError

Point = dict[str, Any]
BandColumns = dict[str, str | float | None]

BAND_COLUMNS = ("band", "band_low_kev", "band_high_kev", "band_low_nm", "band_high_nm")
OWNERS = {
    **dict.fromkeys(("swift", "uvot", "xrt"), "swift"),
    **dict.fromkeys(("chandra", "cxo", "acis"), "chandra"),
}
INSTRUMENTS: Mapping[str | tuple[str, str], str] = {
    **{name: name.upper() for name in ("uvot", "xrt", "bat", "acis", "hrc")},
    ("swift", "xray"): "XRT",
    ("swift", "uvoir"): "UVOT",
}
UNITS = {
    "ct": "count / s",
    "cts": "count / s",
    "counts": "count / s",
    "vega": "mag(Vega)",
    "mag(vega)": "mag(Vega)",
    "ab": "mag(AB)",
    "mag(ab)": "mag(AB)",
}
KINDS = (
    *("erg / (cm2 s)", "ph / (cm2 s)", "count / s", "count / (cm2 s)"),
    *("uJy", "mJy", "Jy"),
)
"""Units as they are stored."""
WRITTEN = (
    *("raw", "raw_err", "raw_units", "date", "date_format", "filter_key", "reference"),
    "xray_model",
)
_KEV = re.compile(r"\s*([\d.]+)\s*-\s*([\d.]+)\s*(?:keV)?\s*")
_WORDS = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Quantity:
    """Value and unit, and the field of the point that they are from: value or raw."""

    value: float
    unit: str
    field: str


def telescope_of(point: Point) -> str:
    """Return the telescope's name as written, 'unknown' if none is."""
    return str(point.get("telescope") or point.get("instrument") or "unknown")


def owner_of(point: Point) -> str | None:
    """Return the observatory that took the point; None for those of others.

    Without a telescope, the filter may name the instrument, as in 'UVW2.uvot'.
    """
    name = telescope_of(point)
    named = str(point.get("filter_key")) if name == "unknown" else name
    words = _WORDS.findall(named.lower())
    return next((OWNERS[word] for word in words if word in OWNERS), None)


def instrument_of(owner: str, point: Point) -> str:
    """Return the instrument by its name, else by the kind of observation."""
    named = f"{telescope_of(point)} {point.get('instrument')} {point.get('filter_key')}"
    words = _WORDS.findall(named.lower())
    default = INSTRUMENTS.get((owner, str(point.get("obs_type"))), owner.capitalize())
    return next((INSTRUMENTS[word] for word in words if word in INSTRUMENTS), default)


def quantity_of(point: Point) -> Quantity:
    """Return what the point measured; ArchiveError if its unit is not known."""
    field = "raw" if point.get("value") is None else "value"
    number = point.get(field)
    unit = _unit(str(point.get(f"{field}_units")).strip())
    return Quantity(math.nan if number is None else float(number), unit, field)


def errors_of(point: Point, account: Account) -> tuple[float, float]:
    """Return upper and lower error of the quantity as written, NaN for none."""
    quantity = quantity_of(point)
    upper, lower = _pair(point, quantity.field)
    if quantity.field == "raw" or not (math.isnan(upper) and math.isnan(lower)):
        return upper, lower
    upper, lower = _pair(point, "raw")
    raw = float(point.get("raw") or math.nan)
    units = (quantity.unit, str(point.get("raw_units")).strip().lower())
    is_linear = not any("mag" in unit or unit in {"vega", "ab"} for unit in units)
    factor = quantity.value / raw if raw > 0 and is_linear else math.nan
    if upper * factor > 0 or lower * factor > 0:
        account.note("errors converted from raw errors by the ratio value / raw")
    return upper * factor, lower * factor


def band_of(point: Point, owner: str, filters: Mapping[str, Document]) -> BandColumns:
    """Return the band columns of a point."""
    key = str(point.get("filter_key") or "").strip()
    if point.get("obs_type") == "xray":
        edges = _edges_kev(point, key)
        return (
            {"band": key or None}
            if edges is None
            else {
                "band": f"{edges[0]:g}-{edges[1]:g} keV",
                "band_low_kev": edges[0],
                "band_high_kev": edges[1],
            }
        )
    low, high = _edges_nm(filters.get(str(point.get("filter_key")), {}))
    name = key.split(".")[0].upper()
    if low is None and instrument_of(owner, point) == "UVOT":
        low, high = FILTERS_NM.get(name, (None, None))
    return {"band": key or None, "band_low_nm": low, "band_high_nm": high}


def as_written(point: Point) -> dict[str, Any]:
    """Return what is kept of the point as the record has it, its model among it."""
    return {name: point[name] for name in WRITTEN if point.get(name) is not None}


@cache
def _unit(written: str) -> str:
    from astropy import units as u  # noqa: PLC0415 - few files need them

    if written.lower() in UNITS:
        return UNITS[written.lower()]
    words = re.sub(r"\bergs\b", "erg", written)
    words = re.sub(r"\b(?:cts|counts|ct)\b", "count", words)
    words = re.sub(r"\b([um]?)jy\b", r"\1Jy", words, flags=re.IGNORECASE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        unit = u.Unit(words, parse_strict="silent")
    for name in KINDS:
        if unit == u.Unit(name):
            return name
    raise ArchiveError(f"unit {written!r} of an OTTER point is not known")


def _pair(point: Point, field: str) -> tuple[float, float]:
    error = point.get(f"{field}_err")
    sides = (point.get(f"{field}_err_{side}", error) for side in ("upper", "lower"))
    upper, lower = (math.nan if side is None else float(side) for side in sides)
    return upper, lower


def _edges_kev(point: Point, key: str) -> tuple[float, float] | None:
    if match := _KEV.fullmatch(key):
        return float(match[1]), float(match[2])
    model = point.get("xray_model")
    if not isinstance(model, dict):
        return None
    low, high = model.get("min_energy"), model.get("max_energy")
    scale = {"kev": 1.0, "ev": 1e-3}.get(str(model.get("energy_units", "keV")).lower())
    if low is None or high is None or scale is None:
        return None
    return float(low) * scale, float(high) * scale


def _edges_nm(entry: Document) -> tuple[float | None, float | None]:
    scale = {"nm": 1.0, "AA": 0.1, "angstrom": 0.1, "um": 1e3}.get(
        str(entry.get("wave_units"))
    )
    low, high = entry.get("wave_min"), entry.get("wave_max")
    if scale is None or low is None or high is None:
        return None, None
    return float(low) * scale, float(high) * scale
