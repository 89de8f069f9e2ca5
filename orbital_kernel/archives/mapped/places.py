"""Positions of declared rows, in degrees of the ICRS.

Angles follow the unit that the table or the mapping states. Positions follow the frame that
the file states: COOSYS of a VOTable, RADESYS and EQUINOX of a header, or the names of
their columns (`glon`, `RA1950`). FK5 of J2000 is read as ICRS: they differ by 0.02 arcsec.

Trap: an angle or a frame that is not understood is an error; a position in another frame is
up to a degree (B1950) or the whole sky (galactic) away, and looks right.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from astropy import units as u

from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals, number
from orbital_kernel.archives.mapped.units import table_unit
from orbital_kernel.archives.rows import position
from orbital_kernel.errors import MappingError
from orbital_kernel.model.angles import parse_dec, parse_ra

HOURS = frozenset({"h", "hr", "hour", "hours", "hourangle"})
TEXTS = frozenset({"h:m:s", "hms", "d:m:s", "dms", "sexagesimal"})
"""Units that say how text is written, which each cell shows itself."""
GALACTIC = frozenset(
    [
        "l",
        "b",
        "lii",
        "bii",
        "glon",
        "glat",
        "gal_lon",
        "gal_lat",
        "gal_l",
        "gal_b",
        "galactic_l",
        "galactic_b",
    ]
)
ECLIPTIC = frozenset(["elon", "elat", "ecl_lon", "ecl_lat", "lambda", "beta"])
_EPOCH = re.compile(r"(?<!\d)[BJ]?(1[89]\d\d(?:\.\d+)?)(?!\d)", re.IGNORECASE)
SAME = frozenset({"", "icrs", "fk5", "unknown"})
JULIAN_FROM = 1984.0
"""FITS 4.0, section 8.3: an EQUINOX before is of FK4, from then on of FK5."""


def place(cells: DeclaredCells) -> dict[str, Any]:
    """Return the columns ra, dec and healpix of rows; MappingError names what is wrong."""
    angles = []
    for name, parse in (("ra", parse_ra), ("dec", parse_dec)):
        scale = _scale(cells, name)
        angles.append(cells.parsed(name, partial(_degrees, parse, scale)))
    return position(*_icrs(cells, *angles))


def _scale(cells: DeclaredCells, name: str) -> float:
    """Return the factor from the unit of an angle to degrees."""
    unit = cells.mapping.unit.columns.get(name) or table_unit(cells, name)
    if unit is None or (text := str(unit).strip('" ').lower()) in TEXTS:
        return 1.0
    try:
        scale = 15.0 if text in HOURS else float(u.Unit(unit).to(u.deg))
    except (u.UnitConversionError, ValueError, TypeError):
        raise MappingError(
            f"{name} is in {unit}, which is not a unit of angle: state deg, hourangle, "
            "rad, arcmin or arcsec in [unit] columns"
        ) from None
    if scale != 1:
        cells.note(f"{name}: numbers converted from {unit} to deg")
    return scale


def _degrees(parse: Callable[[str], float], scale: float, text: str) -> float:
    """Return a number by its unit; text of another form shows its unit itself."""
    try:
        value = number(text)
    except ValueError:
        return parse(text)
    return parse(repr(value * scale))


def _icrs(cells: DeclaredCells, ra: Reals, dec: Reals) -> tuple[Reals, Reals]:
    """Return positions turned from the frame that the file states; most are ICRS."""
    frame = _frame_by_names(cells) or _frame_by_header(cells)
    if frame is None:
        return ra, dec
    from astropy.coordinates import SkyCoord  # noqa: PLC0415  slow, and few files need it

    given = np.isfinite(ra) & np.isfinite(dec)
    try:
        icrs = SkyCoord(
            np.where(given, ra, 0), np.where(given, dec, 0), unit="deg", **frame
        ).icrs
    except ValueError as error:
        raise MappingError(f"positions in {_words(frame)}: {error}") from error
    cells.note(f"positions converted from {_words(frame)} to ICRS")
    return np.where(given, icrs.ra.deg, ra), np.where(given, icrs.dec.deg, dec)


def _words(frame: Mapping[str, str]) -> str:
    return " ".join(frame.values())


def _frame_by_names(cells: DeclaredCells) -> dict[str, str] | None:
    """Return the frame that the names of the columns say; None if they say none."""
    columns = [cells.column_of(name) or "" for name in ("ra", "dec")]
    names = {re.sub(r"\W.*", "", c.strip().lower()) for c in columns}
    if names <= GALACTIC:
        return {"frame": "galactic"}
    if names <= ECLIPTIC:
        return {"frame": "barycentrictrueecliptic"}
    epochs = [m[1] if (m := _EPOCH.search(c)) else None for c in columns]
    if epochs[0] is not None and epochs[0] == epochs[1]:
        return _equatorial("", float(epochs[0]))
    return None


def _frame_by_header(cells: DeclaredCells) -> dict[str, str] | None:
    """Return the frame of the header's RADESYS and EQUINOX; None if it is ICRS."""
    stated = cells.file.keyword("RADESYS") or cells.file.keyword("RADECSYS") or ""
    system = str(stated).strip().lower().removeprefix("eq_").replace("-", "")
    equinox = str(cells.file.keyword("EQUINOX") or "").strip().lstrip("BJbj")
    try:
        year = float(equinox) if equinox else None
    except ValueError:
        raise MappingError(f"EQUINOX is {equinox!r}, not a year") from None
    if system in {"galactic", "supergalactic"}:
        return {"frame": system}
    if system in {"fk4", "fk4noe"}:
        return {"frame": "fk4" if system == "fk4" else "fk4noeterms", "equinox": f"B{year or 1950:g}"}  # fmt: skip
    if system == "icrs" or (year is None and system in SAME):
        return None
    if system not in SAME:
        raise MappingError(
            f"the file states positions in {stated!r}, which is not read: convert them to "
            "ICRS, and correct the header"
        )
    return _equatorial(system, year or 2000.0)


def _equatorial(system: str, year: float) -> dict[str, str] | None:
    if system != "fk5" and year < JULIAN_FROM:
        return {"frame": "fk4", "equinox": f"B{year:g}"}
    return None if year == 2000 else {"frame": "fk5", "equinox": f"J{year:g}"}
