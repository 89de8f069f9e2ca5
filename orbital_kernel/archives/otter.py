"""OTTER transient records (JSON): photometry of many telescopes for one object.

Points of Swift and Chandra go to their observatories' `photometry`; those of other
telescopes are skipped and counted by telescope. Source: github astro-otter/otter.

Traps handled: RA and dec as '15:21:30.75', '16 44 49.93130', '22h50m16.09s' with units
'hour', 'hourangle', or decimal degrees, several a record, of which one is the default; a
field is one value for the whole block or a list;
'Swift' and 'swift'; dates are text or numbers with a format each (mjd, jd, iso,
decimalyear); `value` (converted) goes before `raw` (as published, maybe counts);
points of a unit or a form of date that is not known are skipped and counted; `upperlimit`
makes a limit of the value; errors of 0 and negative ones are codes for
none; asymmetric errors are in `raw_err_detail`; X-ray filters are 'low - high' keV,
optical ones have wavelengths in `filter_alias`.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.time import Time

from orbital_kernel.archives.formats import documents, text
from orbital_kernel.archives.formats.documents import Document
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import scales, times
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.schema import PHOTOMETRY

UNITS = {
    "ergs/cm^2/s": "erg / (cm2 s)",
    "erg/s/cm^2": "erg / (cm2 s)",
    "erg/cm^2/s": "erg / (cm2 s)",
    "ergs/s/cm^2": "erg / (cm2 s)",
    "ct": "count / s",
    "mjy": "mJy",
    "ujy": "uJy",
    "jy": "Jy",
    "vega": "mag(Vega)",
    "ab": "mag(AB)",
    "mag(ab)": "mag(AB)",
}
OURS = {"swift": "swift", "chandra": "chandra"}
INSTRUMENTS = {("swift", "xray"): "XRT", ("swift", "uvoir"): "UVOT"}
_KEV = re.compile(r"\s*([\d.]+)\s*-\s*([\d.]+)\s*(?:keV)?\s*")


def recognises(source: Source) -> bool:
    """Recognise the file by the keys every record has."""
    return documents.is_object(source) and (
        documents.shows(source, "_key", "_id") and b"transients/" in source.head
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry` of each observatory, named 'swift.photometry' and so on."""
    record = documents.document(source)
    account.observatory = _first_owner(record)
    where = _place(record)
    first = 0
    filters = {f.get("filter_key"): f for f in record.get("filter_alias", [])}
    for block in record.get("photometry", []):
        points = _points(block, first)
        first += len(points)
        telescope = str(block.get("telescope") or block.get("instrument") or "unknown")
        owner = OURS.get(telescope.lower())
        if owner is None:
            account.skip(f"points of {telescope}", len(points))
        elif usable := [point for point in points if _usable(point, account)]:
            yield (
                f"{owner}.photometry",
                _photometry(
                    usable,
                    filters,
                    owner=owner,
                    object=_name(record),
                    where=where,
                    simulated=text.says_simulated(source),
                ),
            )


def _first_owner(record: Document) -> str:
    named = [str(b.get("telescope")).lower() for b in record.get("photometry", [])]
    return next((OURS[name] for name in named if name in OURS), "swift")


def _name(record: Document) -> str:
    name = record.get("name")
    if isinstance(name, dict) and name.get("default_name"):
        return str(name["default_name"])
    raise ArchiveError("an OTTER record without a default name")


def _place(record: Document) -> tuple[float, float]:
    """Return the default place, or the first that has one; NaN where none has."""
    given = [
        c
        for c in record.get("coordinate", [])
        if c.get("coordinate_type") == "equatorial" and {"ra", "dec"} <= c.keys()
    ]
    for coordinate in sorted(given, key=lambda c: not c.get("default")):
        ra = str(coordinate["ra"])
        degrees = parse_ra(ra)
        plain = re.fullmatch(r"\s*[-+\d.]+\s*", ra) is not None
        hours = str(coordinate.get("ra_units", "")).startswith("hour")
        return degrees * 15 if plain and hours else degrees, parse_dec(
            str(coordinate["dec"])
        )
    return math.nan, math.nan


def _points(block: Mapping[str, Any], first: int) -> list[dict[str, Any]]:
    """Return a block of columns, or of one value for all, as points, numbered."""
    length = max((len(v) for k, v in block.items() if k in {"raw", "value"}), default=0)
    detail = block.get("raw_err_detail")
    columns = {**block, **(_flat(detail) if isinstance(detail, dict) else {})}
    return [
        {
            key: value[n] if _is_column(key, value, length) else value
            for key, value in columns.items()
        }
        | {"row": first + n}
        for n in range(length)
    ]


def _usable(point: Mapping[str, Any], account: Account) -> bool:
    try:
        _value(point)
        _time(point)
    except ArchiveError as error:
        account.skip(str(error))
        return False
    return True


def _flat(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {f"raw_err_{k}": v for k, v in detail.items() if k in {"upper", "lower"}}


def _is_column(key: str, value: Any, length: int) -> bool:
    return key != "reference" and isinstance(value, list) and len(value) == length


def _photometry(
    points: list[dict[str, Any]],
    filters: Mapping[str, Document],
    *,
    owner: str,
    object: str,  # noqa: A002
    where: tuple[float, float],
    simulated: bool,
) -> pa.Table:
    count = len(points)
    bands = [_band(point, filters) for point in points]
    values = [_value(point) for point in points]
    limits = [bool(point.get("upperlimit")) for point in points]
    errors = [
        (None, None) if limit else _errors(point, converted=converted)
        for point, limit, (_, _, converted) in zip(points, limits, values, strict=True)
    ]
    return rows(
        PHOTOMETRY,
        count,
        object=object,
        time=np.array([_time(point) for point in points]),
        time_rule="mjd-utc",
        **position([where[0]] * count, [where[1]] * count),
        value=[value for value, _, _ in values],
        value_err_plus=[plus for plus, _ in errors],
        value_err_minus=[minus for _, minus in errors],
        is_limit=limits,
        unit=[unit for _, unit, _ in values],
        **{key: [band.get(key) for band in bands] for key in BAND_COLUMNS},
        instrument=[_instrument(owner, point) for point in points],
        extra=[_extra(point) for point in points],
        simulated=simulated,
        file_row=[point["row"] for point in points],
    )[1]


BAND_COLUMNS = ("band", "band_low_kev", "band_high_kev", "band_low_nm", "band_high_nm")


def _instrument(owner: str, point: Mapping[str, Any]) -> str:
    return INSTRUMENTS.get((owner, str(point.get("obs_type"))), owner.capitalize())


def _value(point: Mapping[str, Any]) -> tuple[float | None, str, bool]:
    converted = point.get("value") is not None
    number = point.get("value") if converted else point.get("raw")
    written = str(point.get("value_units" if converted else "raw_units")).strip()
    unit = UNITS.get(written.lower())
    if unit is None:
        raise ArchiveError(f"unit {written!r} of an OTTER point is not known")
    return (None if number is None else float(number)), unit, converted


def _errors(
    point: Mapping[str, Any], *, converted: bool
) -> tuple[float | None, float | None]:
    """Return upper and lower error of the same quantity as the value."""
    stem = "value" if converted else "raw"
    error = point.get(f"{stem}_err")
    upper, lower = (
        point.get(f"{stem}_err_{side}", error) for side in ("upper", "lower")
    )
    return _positive(upper), _positive(lower)


def _positive(value: Any) -> float | None:
    return None if value is None or not float(value) > 0 else float(value)


def _time(point: Mapping[str, Any]) -> Any:
    date, form = point.get("date"), str(point.get("date_format", "mjd")).lower()
    if date is None:
        return np.datetime64("NaT", "ns")
    if form == "iso":
        return times.tt_from_utc([str(date)])[0]
    if form == "decimalyear":
        return times.to_tt("mjd-utc", [_mjd_of_year(float(date))])[0]
    if form not in {"mjd", "jd"}:
        raise ArchiveError(f"date_format {form!r} of an OTTER point is not known")
    return times.to_tt("mjd-utc", [float(date) - (2400000.5 if form == "jd" else 0)])[0]


@scales.offline()
def _mjd_of_year(year: float) -> float:
    return float(Time(year, format="decimalyear", scale="utc").mjd)


def _band(
    point: Mapping[str, Any], filters: Mapping[str, Document]
) -> dict[str, str | float | None]:
    key = str(point.get("filter_key", "")).strip()
    if point.get("obs_type") == "xray" and (match := _KEV.fullmatch(key)):
        low, high = float(match[1]), float(match[2])
        return {
            "band": f"{low:g}-{high:g} keV",
            "band_low_kev": low,
            "band_high_kev": high,
        }
    entry = filters.get(str(point.get("filter_key")), {})
    in_nm = entry.get("wave_units") == "nm"
    return {
        "band": key or None,
        "band_low_nm": entry.get("wave_min") if in_nm else None,
        "band_high_nm": entry.get("wave_max") if in_nm else None,
    }


def _extra(point: Mapping[str, Any]) -> str | None:
    names = ("raw", "raw_units", "date", "date_format", "reference", "xray_model")
    return extra({k: _jsonable(point[k]) for k in names if point.get(k) is not None})


def _jsonable(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else str(value)


READER = Reader("otter", recognises, read, "OTTER transient record, JSON", version=2)
