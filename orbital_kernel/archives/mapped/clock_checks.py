"""What a table itself says of its times, held against the mapping.

A header or heading that contradicts the mapping is an error, unless `unit.override` says
that the table is wrong; one that only says less is not. Times that no X-ray observatory can
have measured are an error as well: they show a wrong zero, format or column.
"""

import re

import numpy as np

from orbital_kernel.archives.formats.keywords import is_true
from orbital_kernel.archives.mapped.cells import DeclaredCells
from orbital_kernel.archives.mapped.headings import scale_of
from orbital_kernel.errors import MappingError
from orbital_kernel.model import times

CLOCKS = ("chandra", "swift")
EPOCHS = {"chandra": 50814.0, "swift": 51910.0}
SWIFT_TT = 64.184 / 86_400
"""MJDREFF of Swift: its clock counts from 2001-01-01 UTC, MJDREF is TT."""
SYNONYMS = {"tdt": "tt", "et": "tt", "ut": "utc", "gmt": "utc", "zulu": "utc"}
ORIGINS = {"mjd": ("MJD-origin", 2400000.5), "jd": ("JD-origin", 0.0)}
FIRST, LAST = np.datetime64("1962-06-18", "ns"), np.datetime64("2100-01-01", "ns")
"""The first X-ray source, Sco X-1, was found on FIRST (Giacconi et al. 1962)."""
_PLACED = re.compile(r"(?<![A-Za-z])(?:(BM?JD)|(HM?JD))(?![a-z])", re.IGNORECASE)


def hold_against_table(cells: DeclaredCells, meaning: str) -> None:
    """Raise MappingError for a clock, zero or scale that header or heading contradicts."""
    time = cells.mapping.time
    if time.format in CLOCKS:
        _clock(cells)
    elif time.format == "since":
        _elapsed(cells)
    elif time.format != "interval":
        _dates(cells, meaning)


def heading_place(cells: DeclaredCells, meaning: str) -> str | None:
    """Return the place of arrival that a heading such as BJD or HJD names."""
    match = _PLACED.search(cells.column_of(meaning) or "")
    if match is None:
        return None
    return "barycentre" if match[1] else "heliocentre"


def require_possible(cells: DeclaredCells, meaning: str, tt: times.Instants) -> None:
    """Raise MappingError for the first instant that no X-ray observatory can have seen."""
    wild = np.flatnonzero((tt < FIRST) | (tt > LAST))
    if len(wild):
        day = str(tt[wild[0]])[:10]
        raise MappingError(
            f"row {cells.numbers[wild[0]]}: {cells.column_of(meaning) or meaning} is "
            f"{cells.words(meaning)[wild[0]]!r}, which is {day} by time.format "
            f"{cells.mapping.time.format!r}: correct format, zero or column, or name the "
            "value in `missing`"
        )


def _clock(cells: DeclaredCells) -> None:
    time, scale = cells.mapping.time, _stated(cells)
    if scale and (scale == "tdb") != (time.scale == "tdb"):
        raise MappingError(
            f"time.scale is {time.scale!r}, but the header says TIMESYS = "
            f"{scale.upper()!r}: set scale to 'tdb' for barycentred times only"
        )
    corrected = time.format == "chandra" or is_true(cells.file.keyword("CLOCKAPP"))
    if corrected and scale not in {"", "tt", "tdb"}:
        raise MappingError(
            f"the header says TIMESYS = {scale.upper()!r}; the clock {time.format!r} counts "
            "TT: set time.format = 'since' with the header's zero as t0"
        )
    epoch = _mjdref(cells)
    if epoch is None or time.format is None:
        return
    zeros = [EPOCHS[time.format]]
    if time.format == "swift":
        exact = corrected or scale == "tdb"
        zeros = [zeros[0] + SWIFT_TT] if exact else [*zeros, zeros[0] + SWIFT_TT]
    if min(abs(epoch - zero) for zero in zeros) > 1e-7:
        raise MappingError(
            f"time.format is {time.format!r}, whose clock counts from MJD {zeros[-1]:.9g}, "
            f"but the header says MJDREF = {epoch:.9g}: set the clock that the file has, or "
            "'since' with its zero as t0"
        )
    if time.format == "chandra" and time.scale == "utc":
        cells.note("Chandra's clock counts TT; scale utc is not used")


def _elapsed(cells: DeclaredCells) -> None:
    time, epoch = cells.mapping.time, _mjdref(cells)
    from_epoch = str(time.t0).startswith("2001-01-01")
    telescope = str(cells.file.keyword("TELESCOP") or "").strip().upper()
    if (
        from_epoch
        and telescope == "SWIFT"
        and not is_true(cells.file.keyword("CLOCKAPP"))
    ):
        raise MappingError(
            "time.format is 'since' 2001-01-01, but TELESCOP is SWIFT and the clock is not "
            "corrected (CLOCKAPP is not true): set time.format = 'swift'"
        )
    if time.scale != "utc":
        cells.note("t0 is UTC; seconds from it are the same in UTC, TT and TDB")
    if epoch is not None and time.t0 != "unknown":
        zero = times.to_tt("mjd-tt", np.array([epoch]))[0]
        if abs(zero - times.tt_from_utc([str(time.t0)])[0]) > np.timedelta64(80, "s"):
            cells.note(
                f"times are since {time.t0}, as the mapping states; the header's MJDREF is "
                f"{epoch:.9g}"
            )


def _dates(cells: DeclaredCells, meaning: str) -> None:
    time, column = cells.mapping.time, cells.column_of(meaning) or ""
    heading, scale = scale_of(column), _stated(cells)
    for said, where in (
        (heading, f"column {column!r} names"),
        ("" if heading else scale, "the file states the scale"),
    ):
        if said and said != time.scale and not cells.mapping.unit.override:
            raise MappingError(
                f"time.scale is {time.scale!r}, but {where} {said.upper()}: correct it, or "
                "set unit.override = true if the table is wrong"
            )
        if said and said != time.scale:
            cells.note(f"times are {time.scale}, as the mapping states; not {said}")
    origin = str(cells.file.keyword("TIMEORIGIN") or "")
    if origin and time.format in ORIGINS:
        name, zero = ORIGINS[time.format]
        if origin != name and _number(origin) != zero:
            raise MappingError(
                f"time.format is {time.format!r}, but the file counts from {origin} (JD): "
                "set time.format = 'since' with that date as t0"
            )


def _stated(cells: DeclaredCells) -> str:
    """Return the header's TIMESYS in lower case; '' for none, and for local time."""
    scale = str(cells.file.keyword("TIMESYS") or "").strip().lower()
    return "" if scale in {"local", "unknown"} else SYNONYMS.get(scale, scale)


def _mjdref(cells: DeclaredCells) -> float | None:
    """Return MJDREF, or MJDREFI + MJDREFF; None if no header has a number there."""
    whole = _number(cells.file.keyword("MJDREF"))
    if whole is not None:
        return whole
    day = _number(cells.file.keyword("MJDREFI"))
    return (
        None if day is None else day + (_number(cells.file.keyword("MJDREFF")) or 0.0)
    )


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
