"""Numbers of a mapped table in Orbital's units; a code of a missing value is none."""

from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals
from orbital_kernel.archives.mapped.missing_codes import require_measurements
from orbital_kernel.archives.mapped.units import factor


def scaled(cells: DeclaredCells, meaning: str, target: str) -> Reals:
    """Return numbers of a meaning in Orbital's unit `target` of that column."""
    numbers = cells.real(meaning)
    require_measurements(cells, meaning, numbers)
    return numbers * factor(cells, meaning, target)
