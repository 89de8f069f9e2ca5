"""Units and UCDs of columns, and frames with them as astropy tables.

Names of columns mean the same in every table, so a frame's units follow from them: from
`schema.py` where a table has the column, else from the unit that ends its name.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING

import polars as pl

from orbital_kernel.model import schema
from orbital_kernel.query.unit_text import SEE, Unit

if TYPE_CHECKING:
    from astropy.table import QTable

UNIT_COLUMNS = ("unit", "flux_unit")
"""Columns that state the unit of what a row measured."""
SUFFIXES = {
    "_arcmin": ("arcmin", "pos.angDistance"),
    "_arcsec": ("arcsec", "pos.angDistance"),
    "_deg": ("deg", ""),
    "_days": ("d", "time.interval"),
    "_ms": ("ms", "time.duration"),
    "_erg_s": ("erg / s", "phys.luminosity"),
    "_per_s": ("1 / s", ""),
    "_s": ("s", "time.duration"),
    "_kev": ("keV", "em.energy"),
    "_nm": ("nm", "em.wl"),
}
"""Units that end names of columns which questions derive, with the UCD."""


def units_of(table: schema.Table) -> dict[str, Unit]:
    """Return each column's unit; 'see X' if the row states it in its column X."""
    stated = [c.name for c in table.columns if c.name in UNIT_COLUMNS]
    return {c.name: _unit_of(c, stated[0] if stated else None) for c in table.columns}


def ucds_of(table: schema.Table) -> dict[str, Unit]:
    """Return each column's UCD, '' for a column without one."""
    return {c.name: c.ucd for c in table.columns}


def units_by_name(names: Iterable[str]) -> dict[str, Unit]:
    """Return the unit of columns of any frame Orbital returns; None if not known."""
    columns = list(names)
    units = {name: _by_name(name)[0] for name in columns}
    return {
        name: None if unit and unit.removeprefix(SEE) not in (unit, *columns) else unit
        for name, unit in units.items()
    }


def ucds_by_name(names: Iterable[str]) -> dict[str, Unit]:
    """Return the UCD of columns of any frame Orbital returns; None if not known."""
    return {name: _by_name(name)[1] for name in names}


def qtable(
    frame: pl.DataFrame,
    units: Mapping[str, Unit] | None = None,
    ucds: Mapping[str, Unit] | None = None,
) -> "QTable":
    """Return a frame as an astropy QTable; times become Time (TT), nulls are masked."""
    from orbital_kernel.query.qtables import build  # noqa: PLC0415 - astropy.table is slow

    return build(
        frame,
        units_by_name(frame.columns) | dict(units or {}),
        ucds_by_name(frame.columns) | dict(ucds or {}),
        _utc_columns(),
    )


def _unit_of(column: schema.Column, stated: str | None) -> Unit:
    measured = column.ucd.startswith("phot") or column.ucd == "stat.error"
    if column.unit or stated is None or not measured:
        return column.unit
    return None if "` x " in column.doc else f"{SEE}{stated}"


@cache
def _stored() -> dict[str, tuple[Unit, str]]:
    """Return unit and UCD of stored columns by name.

    The UCD is the part that all tables of an observatory share; columns of `cross` and
    `ops` count if no table of an observatory has one of that name.
    """
    stored: dict[str, tuple[Unit, str]] = {}
    for full_name, table in schema.tables(("swift",)).items():
        units = units_of(table)
        for column in table.columns:
            meaning = stored.setdefault(column.name, (units[column.name], column.ucd))
            if full_name.startswith("swift."):
                stored[column.name] = meaning[0], _shared(meaning[1], column.ucd)
    return stored


@cache
def _utc_columns() -> frozenset[str]:
    """Return the columns of instants that are on the UTC scale, all of `ops`."""
    tables = schema.tables(()).values()
    return frozenset(
        c.name for table in tables for c in table.columns if c.doc.endswith("UTC")
    )


def _shared(first: str, second: str) -> str:
    """Return the part that two UCDs share."""
    if first == second:
        return first
    words = zip(
        *(ucd.partition(";")[0].split(".") for ucd in (first, second)), strict=False
    )
    return ".".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], words))


def _by_name(name: str) -> tuple[Unit, Unit]:
    plain = name.removesuffix("_a").removesuffix("_b")
    for candidate in (name, plain):
        if candidate in _stored():
            return _stored()[candidate]
    if name.startswith("given_"):
        unit, ucd = _by_name(name.removeprefix("given_"))
        return (f"{SEE}given_unit" if unit == f"{SEE}unit" else unit), ucd
    if name.startswith("value_err_"):
        return _by_name("value_err_plus")
    for suffix, meaning in SUFFIXES.items():
        if plain.endswith(suffix):
            return meaning
    return None, None
