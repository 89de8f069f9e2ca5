"""OTTER transient records (JSON): photometry of many telescopes for one object.

Points of Swift and Chandra go to their observatories' `photometry`; those of other
telescopes are skipped and counted by telescope. Source: github astro-otter/otter.

Traps handled: RA and dec as '15:21:30.75', '16 44 49.93130', '22h50m16.09s' with units
'hour', 'hourangle', or decimal degrees, several a record, of which one is the default;
a field is one value for the whole block or a list; a block without a telescope may name
it in the filter ('UVW2.uvot'); dates are text or numbers with a format each (mjd, jd,
iso, decimalyear); points of a form of date that is not known are skipped and counted.
What a point measured is otter_points' matter. The first point of each table keeps the
object's other names, by which `light_curve` finds it too.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from orbital_kernel.archives import limits
from orbital_kernel.archives.formats import documents, text
from orbital_kernel.archives.formats.documents import Document
from orbital_kernel.archives.otter_points import (
    BAND_COLUMNS,
    BandColumns,
    Point,
    as_written,
    band_of,
    errors_of,
    instrument_of,
    owner_of,
    quantity_of,
    telescope_of,
)
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import scales, times
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.schema import PHOTOMETRY


def recognises(source: Source) -> bool:
    """Recognise the file by the keys every record has, of the database or as submitted."""
    stored = documents.shows(source, "_key", "_id") and b"transients/" in source.head
    return documents.is_object(source) and (
        stored or documents.shows(source, "default_name", "coordinate")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry` of each observatory, named 'swift.photometry' and so on."""
    record = documents.document(source)
    filters = {f.get("filter_key"): f for f in record.get("filter_alias", [])}
    points = {owner: list[Point]() for owner in ("swift", "chandra")}
    first = 0
    for block in record.get("photometry", []):
        for point in _points(block, first):
            owner = owner_of(point)
            if owner is None:
                account.skip(f"points of {telescope_of(point)}")
            elif _usable(point, account):
                points[owner].append(point)
            first += 1
    account.observatory = next((o for o, some in points.items() if some), "swift")
    for owner, some in points.items():
        if some:
            yield (
                f"{owner}.photometry",
                _photometry(
                    some,
                    record,
                    [band_of(point, owner, filters) for point in some],
                    owner=owner,
                    account=account,
                    simulated=text.says_simulated(source),
                ),
            )


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


def _aliases(record: Document) -> list[str]:
    """Return the object's names other than the default."""
    named = record["name"].get("alias") or []
    names = [str(n["value"] if isinstance(n, dict) else n).strip() for n in named]
    return [n for n in dict.fromkeys(names) if n and n != _name(record)]


def _points(block: Mapping[str, Any], first: int) -> list[Point]:
    """Return a block of columns, or of one value for all, as points, numbered."""
    length = max((len(v) for k, v in block.items() if k in {"raw", "value"}), default=0)
    details = {
        f"{stem}_{side}": column
        for stem in ("raw_err", "value_err")
        if isinstance(detail := block.get(f"{stem}_detail"), dict)
        for side, column in detail.items()
        if side in {"upper", "lower"}
    }
    return [
        {
            key: value[n] if _is_column(key, value, length) else value
            for key, value in {**block, **details}.items()
        }
        | {"row": first + n}
        for n in range(length)
    ]


def _usable(point: Point, account: Account) -> bool:
    try:
        quantity_of(point)
        _time(point)
    except ArchiveError as error:
        account.skip(str(error))
        return False
    return True


def _is_column(key: str, value: Any, length: int) -> bool:
    return key != "reference" and isinstance(value, list) and len(value) == length


def _photometry(
    points: list[Point],
    record: Document,
    bands: list[BandColumns],
    *,
    owner: str,
    account: Account,
    simulated: bool,
) -> pa.Table:
    count = len(points)
    quantities = [quantity_of(point) for point in points]
    errors = [errors_of(point, account) for point in points]
    value = np.array([quantity.value for quantity in quantities])
    decided = limits.measured(
        value,
        [plus for plus, _ in errors],
        [minus for _, minus in errors],
        account=account,
        flagged=limits.flags(point.get("upperlimit") for point in points),
    )
    ra, dec = _place(record)
    first = {"aliases": _aliases(record) or None}
    return rows(
        PHOTOMETRY,
        count,
        object=_name(record),
        time=np.array([_time(point) for point in points]),
        time_rule="mjd-utc",
        **position([ra] * count, [dec] * count),
        value=value,
        value_err_plus=decided.plus,
        value_err_minus=decided.minus,
        is_limit=decided.is_limit,
        unit=[quantity.unit for quantity in quantities],
        **{key: [band.get(key) for band in bands] for key in BAND_COLUMNS},
        instrument=[instrument_of(owner, point) for point in points],
        extra=[
            extra({**as_written(point), **(first if n == 0 else {})})
            for n, point in enumerate(points)
        ],
        simulated=simulated,
        file_row=[point["row"] for point in points],
    )[1]


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
    from astropy.time import Time  # noqa: PLC0415 - few dates are so

    return float(Time(year, format="decimalyear", scale="utc").mjd)


READER = Reader("otter", recognises, read, "OTTER transient record, JSON", version=3)
