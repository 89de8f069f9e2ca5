"""Units and bands a mapping declares, turned into those Orbital keeps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy import units as u

from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals
from orbital_kernel.archives.mapped.mapping import TableMapping
from orbital_kernel.errors import MappingError

KEPT_UNITS = {
    "erg / (cm2 s)": u.erg / u.cm**2 / u.s,
    "ph / (cm2 s)": u.ph / u.cm**2 / u.s,
    "count / s": u.ct / u.s,
    "mJy": u.mJy,
}
KEPT_AS_TEXT = ("mag(AB)", "mag(Vega)", "count / (s det)")
FILTERS_NM = {
    "UVW2": (160.0, 225.0),
    "UVM2": (200.0, 249.0),
    "UVW1": (226.0, 294.0),
    "U": (308.0, 385.0),
    "B": (391.0, 487.0),
    "V": (509.0, 585.0),
    "WHITE": (160.0, 800.0),
}
"""Swift UVOT filters; other filters are given by their edges in nm."""


def unit_columns(
    cells: DeclaredCells, mapping: TableMapping
) -> tuple[Reals, list[str | None]]:
    """Return the factor to the kept unit, and that unit, of each row."""
    section = mapping.section("unit")
    column = mapping.columns.get("value", "value")
    if "column" in section:
        named = cells.texts(section["column"])
        table = section.get("values", {})
        pairs = [_converted(str(table.get(n, n)), section["column"]) for n in named]
    elif section:
        pairs = [_converted(str(section.get("value", "")), column)] * len(cells)
    else:
        pairs = [(1.0, None)] * len(cells)
    return np.array([scale for scale, _ in pairs]), [unit for _, unit in pairs]


def _converted(written: str, column: str) -> tuple[float, str | None]:
    if written in KEPT_AS_TEXT:
        return 1.0, written
    try:
        unit = u.Unit(written)
    except ValueError as error:
        raise MappingError(f"column {column!r}: {written!r} is not a unit") from error
    for name, target in KEPT_UNITS.items():
        if unit.is_equivalent(target):
            return float(unit.to(target)), name
    raise MappingError(
        f"column {column!r}: {written!r} is not a flux, rate or magnitude; known are "
        f"{', '.join((*KEPT_UNITS, *KEPT_AS_TEXT))}"
    )


def is_kept(written: str) -> bool:
    """Return whether values of a unit can be stored."""
    try:
        _converted(written, "")
    except MappingError:
        return False
    return True


def band_columns(cells: DeclaredCells, mapping: TableMapping) -> dict[str, list[Any]]:
    """Return the band columns of each row, from keV, nm, or a UVOT filter's name."""
    section = mapping.section("band")
    if "column" in section:
        named = cells.texts(section["column"])
        table = section.get("values", {})
        each = [_edges(table.get(n, {"filter": n}), n) for n in named]
    else:
        each = [_edges(section, None)] * len(cells)
    names = ("band", "band_low_kev", "band_high_kev", "band_low_nm", "band_high_nm")
    return {name: [edges[n] for edges in each] for n, name in enumerate(names)}


def _edges(edges: Mapping[str, Any], cell: str | None) -> tuple[Any, ...]:
    """Return name, keV edges and nm edges of a band given any of three ways."""
    if "kev" in edges:
        low, high = _pair(edges["kev"], "kev")
        return (edges.get("name") or f"{low:g}-{high:g} keV", low, high, None, None)
    if "nm" in edges:
        low, high = _pair(edges["nm"], "nm")
        return (
            edges.get("name") or cell or f"{low:g}-{high:g} nm",
            None,
            None,
            low,
            high,
        )
    if "filter" in edges:
        name = str(edges["filter"])
        if name.upper() not in FILTERS_NM:
            raise MappingError(
                f"filter {name!r} is not known; give its edges as nm = [low, high]"
            )
        return (name, None, None, *FILTERS_NM[name.upper()])
    return (edges.get("name") or cell, None, None, None, None)


def _pair(given: Any, unit: str) -> tuple[float, float]:
    if not (isinstance(given, list) and len(given) == 2 and 0 < given[0] < given[1]):
        raise MappingError(f"[band] {unit} is {given!r}; give [low, high]")
    return float(given[0]), float(given[1])
