"""Numbers that tables write where they have no value: -999, or a magnitude of 99.

A mapping names them in `missing`. One that it does not name would be stored as a
measurement, so it is an error.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals
from orbital_kernel.errors import MappingError

USUAL = (-999, -9999, -99, 999999)
"""Codes that a draft looks for."""
CERTAIN = (-999.0, -9999.0, -99999.0)
"""Codes that no flux, rate, error or exposure is."""
MAGNITUDES = (-30.0, 35.0)
"""No object of the sky is brighter than the Sun, -26.8, or has been seen at 35."""


def require_measurements(cells: DeclaredCells, meaning: str, values: Reals) -> None:
    """Raise MappingError for the first value that is a code of a missing one."""
    _require(cells, meaning, values, np.isin(values, CERTAIN))


def require_magnitudes(
    cells: DeclaredCells, values: Reals, units: Sequence[str | None]
) -> None:
    """Raise MappingError for the first magnitude that is not possible, such as 99."""
    magnitudes = np.array([str(unit).startswith("mag") for unit in units], dtype=bool)
    low, high = MAGNITUDES
    _require(cells, "value", values, magnitudes & ((values < low) | (values > high)))


def _require(
    cells: DeclaredCells, meaning: str, values: Reals, wrong: NDArray[np.bool_]
) -> None:
    if not wrong.any():
        return
    at = int(np.flatnonzero(wrong)[0])
    raise MappingError(
        f"row {cells.numbers[at]}: {cells.column_of(meaning) or meaning} is "
        f"{values[at]:g}, a usual code of a missing value: name it in `missing`, such as "
        f"missing = [{values[at]:g}]"
    )
