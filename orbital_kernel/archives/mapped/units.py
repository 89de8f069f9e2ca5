"""Units a mapping declares, held against the table's own, in those Orbital keeps.

A table's own unit is FITS TUNIT, the unit of a VOTable or ECSV column, or a unit in a
heading (`flux [mJy]`). If the mapping states the same or none, it holds; if it states a
convertible one, the table's holds and that is stated; otherwise the two contradict each
other, which is an error, as it is if the mapping gives a factor that the table does not.
"""

import math
import re
import warnings
from typing import Any

import numpy as np
from astropy import units as u

from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals
from orbital_kernel.archives.mapped.unit_text import (
    MAGNITUDE,
    MAGNITUDES,
    heading_unit,
    stated_unit,
)
from orbital_kernel.errors import MappingError

KEPT_UNITS = {
    "erg / (cm2 s)": u.erg / u.cm**2 / u.s,
    "ph / (cm2 s)": u.ph / u.cm**2 / u.s,
    "count / (cm2 s)": u.ct / u.cm**2 / u.s,
    "count / s": u.ct / u.s,
    "erg / s": u.erg / u.s,
    "mJy": u.mJy,
}
KEPT_AS_TEXT = (*MAGNITUDES, "count / (s det)")
DENSITY = "mJy"
LOGARITHM = (
    "a logarithm: give a column of the values themselves, or set unit.override = true if "
    "the table is wrong"
)
_LOGARITHMS = re.compile(r"(?i:log|lg)(?:10)?(?:[\s_({\[.]|(?-i:[A-Z])|flux|$)")
_ERRORS = (
    *("value_err", "value_err_plus", "value_err_minus"),
    *("value_low", "value_high", "value_bounds"),
)
Pair = tuple[float, str | None]
"""A factor, and the kept unit that it leads to."""


def table_unit(cells: DeclaredCells, meaning: str) -> Any:
    """Return the unit that the table states of the column of a meaning; None without."""
    column = cells.column_of(meaning)
    return None if column is None else column_unit(cells, column)


def column_unit(cells: DeclaredCells, column: str) -> Any:
    """Return the unit that the table states of a column; None without."""
    if cells.mapping.unit.override:
        return None
    written = cells.table[column].unit
    if written is None or not str(written).strip():
        return heading_unit(column)
    unit = stated_unit(str(written))
    if unit is None and isinstance(written, u.function.FunctionUnitBase):
        raise MappingError(f"column {column!r} is in {written}, {LOGARITHM}")
    if unit is None and isinstance(written, u.UnitBase):
        unit = None if isinstance(written, u.UnrecognizedUnit) else written
    if unit is None:
        cells.note(f"{column}: the table's unit {str(written)!r} is not understood")
    return unit


def require_linear(cells: DeclaredCells, meaning: str) -> None:
    """Raise MappingError for a column whose name says that it holds logarithms."""
    column = cells.column_of(meaning) or ""
    if _LOGARITHMS.match(column) and not cells.mapping.unit.override:
        raise MappingError(f"column {column!r} is, by its name, {LOGARITHM}")


def value_units(cells: DeclaredCells) -> tuple[Reals, list[str | None]]:
    """Return the factor to the kept unit, and that unit, of each row."""
    section, column = cells.mapping.unit, cells.column_of("value") or "value"
    if section.column is not None:
        named = cells.texts(section.column)
        pairs = [
            (math.nan, None) if n is None else _kept(str(section.values.get(n, n)), section.column)
            for n in named
        ]  # fmt: skip
    elif cells.given("value"):
        require_linear(cells, "value")
        pairs = [_agreed(table_unit(cells, "value"), section.value, column, cells)]
        pairs *= len(cells)
    else:
        pairs = [(1.0, None)] * len(cells)
    return np.array([scale for scale, _ in pairs]), [unit for _, unit in pairs]


def error_factors(cells: DeclaredCells, values: tuple[Reals, list[str | None]]) -> dict[str, Reals]:  # fmt: skip
    """Return, for errors and bounds, the factor to the kept unit of their values."""
    factors = {}
    for meaning in _ERRORS:
        unit = table_unit(cells, meaning)
        factors[meaning] = values[0]
        if unit is None or not len(cells) or cells.mapping.unit.column is not None:
            continue
        factor, name = _kept(unit, cells.column_of(meaning) or meaning)
        if name != values[1][0] and not str(values[1][0]).startswith(str(name)):
            raise MappingError(
                f"column {cells.column_of(meaning)!r}: the table states {unit}, its values "
                f"are in {values[1][0]}; both must be of one kind"
            )
        if not math.isclose(factor, values[0][0], rel_tol=1e-9):
            cells.note(f"{cells.column_of(meaning)}: converted from {unit}")
        factors[meaning] = np.full(len(cells), factor)
    return factors


def limit_factor(cells: DeclaredCells) -> float:
    """Return the factor from the unit of the column of limits to that of the values."""
    column = cells.column(str(cells.mapping.limit.column), "[limit] column")
    unit, section = column_unit(cells, column), cells.mapping.unit
    if unit is None or section.column is not None or not cells.given("value"):
        return 1.0
    value = cells.column_of("value") or "value"
    factor, name = _agreed(table_unit(cells, "value"), section.value, value, cells)
    own_factor, own_name = _kept(unit, column, needed=False)
    if own_name != name and not str(name).startswith(str(own_name)):
        raise MappingError(
            f"column {column!r}: the table states {unit}, its values are in {name}; limits "
            "and values must be of one kind"
        )
    return 1.0 if own_name != name else own_factor / factor


def _agreed(
    own_unit: Any, stated: str | None, column: str, cells: DeclaredCells
) -> Pair:
    """Return factor and kept unit of the table's unit and the mapping's, if they agree."""
    if own_unit is None and stated is None:
        raise MappingError(f"column {column!r} has no unit: add [unit] value")
    if own_unit is None:
        return _kept(str(stated), column)
    if stated is None:
        if own_unit == MAGNITUDE:
            raise MappingError(
                f"column {column!r}: the table states mag; say by [unit] value which: "
                f"{' or '.join(MAGNITUDES)}"
            )
        cells.note(f"{column}: in {own_unit}, as the table states")
        return _kept(own_unit, column)
    mapped = _kept(stated, column)
    if own_unit == MAGNITUDE and mapped[1] in MAGNITUDES:
        return mapped
    table = _kept(own_unit, column, needed=False)
    same = math.isclose(table[0], mapped[0], rel_tol=1e-9)
    if table[1] != mapped[1] or (stated[:1].isdigit() and not same):
        raise MappingError(
            f"column {column!r}: the table states {own_unit}, [unit] value "
            f"{stated!r}: correct it, or set unit.override = true if the table is wrong"
        )
    if not same:
        cells.note(
            f"{column}: read in {own_unit}, as the table states, and converted; the "
            f"mapping states {stated}"
        )
    return table


def _kept(written: Any, column: str, *, needed: bool = True) -> Pair:
    """Return the factor to a kept unit and its name."""
    if written in KEPT_AS_TEXT:
        return 1.0, str(written)
    if isinstance(written, str) and stated_unit(written) in MAGNITUDES:
        return 1.0, str(stated_unit(written))
    try:
        with warnings.catch_warnings():  # of `erg/cm2/s`, which is read as meant
            warnings.simplefilter("ignore", u.UnitsWarning)
            unit = u.Unit(written)
    except (ValueError, TypeError) as error:
        if written == MAGNITUDE:
            return 1.0, MAGNITUDE
        raise MappingError(
            f"column {column!r}: {written!r} is not a unit; known are "
            f"{', '.join((*KEPT_UNITS, *KEPT_AS_TEXT))}, with a factor if needed"
        ) from error
    linear = not isinstance(unit, u.function.FunctionUnitBase)
    for name, target in KEPT_UNITS.items():
        if linear and unit.is_equivalent(target):
            return float(unit.to(target)), name
    if not needed:
        return 1.0, str(written)
    reason = ": say which, AB or Vega" if unit == u.mag else ""
    raise MappingError(
        f"column {column!r}: {str(written)!r} is not a flux, rate, luminosity or "
        f"magnitude{reason}; known are {', '.join((*KEPT_UNITS, *KEPT_AS_TEXT))}"
    )


def is_kept(written: str) -> bool:
    """Return whether values of a unit can be stored."""
    try:
        _kept(written, "")
    except MappingError:
        return False
    return True


def factor(
    cells: DeclaredCells, meaning: str, target: str, stated: str | None = None
) -> float:
    """Return the factor from the unit of a meaning to `target`; 1 if none is stated.

    `stated` is the mapping's unit; by default that of [unit] columns.
    """
    stated = stated or cells.mapping.unit.columns.get(meaning)
    own_unit, column = table_unit(cells, meaning), cells.column_of(meaning) or meaning
    if not target or (own_unit is None and stated is None):
        return 1.0
    factors = [
        _to(unit, target, column) for unit in (own_unit, stated) if unit is not None
    ]
    if not math.isclose(factors[0], factors[-1], rel_tol=1e-9):
        cells.note(
            f"{column}: read in {own_unit}, as the table states; the mapping states "
            f"{stated}"
        )
    elif factors[0] != 1:
        cells.note(f"{column}: converted from {own_unit or stated} to {target}")
    return factors[0]


def _to(unit: Any, target: str, column: str) -> float:
    try:
        return float(u.Unit(unit).to(u.Unit(target)))
    except (u.UnitConversionError, ValueError, TypeError):
        raise MappingError(
            f"column {column!r} is in {unit}, which cannot be converted to {target}: name "
            "the unit in [unit] columns, or set unit.override = true if the table is wrong"
        ) from None
