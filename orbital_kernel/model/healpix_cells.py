"""HEALPix cells of positions, by the compiled part of cdshealpix.

Its Python part takes astropy's angles and imports their package for a fifth of a second,
which a process that reads files spends before its first row. The compiled part is
imported alone here, and the angles are prepared as astropy prepares them, so that the
cells are the same.
"""

import importlib.util
import sys
from functools import cache
from importlib.machinery import PathFinder
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

PACKAGE, COMPILED = "cdshealpix", "cdshealpix.cdshealpix"
ALL_CORES = np.uint16(0)


def cells_at(ra: Reals, dec: Reals, order: int) -> NDArray[np.uint64]:
    """Return the nested cells of an order that hold finite positions (deg)."""
    cells = np.empty(ra.shape, dtype=np.uint64)
    depths = np.full(ra.shape, order, dtype=np.uint8)
    across, up = np.empty_like(ra), np.empty_like(ra)
    _compiled().lonlat_to_healpix(
        depths, np.radians(_wrapped(ra)), np.radians(dec), cells, across, up, ALL_CORES
    )
    return cells


def _wrapped(ra: Reals) -> Reals:
    """Return right ascensions from 0 to 360 deg, rounded as astropy's Longitude does."""
    if not ((ra < 0) | (ra >= 360)).any():
        return ra
    wrapped = ra - ra // 360 * 360
    wrapped[wrapped >= 360] -= 360
    wrapped[wrapped < 0] += 360
    return wrapped


@cache
def _compiled() -> ModuleType:
    """Return the compiled module; a later import of its package finds it as well."""
    if COMPILED in sys.modules:
        return sys.modules[COMPILED]
    package = importlib.util.find_spec(PACKAGE)
    folders = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec(COMPILED, folders)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{COMPILED} is not installed", name=COMPILED)
    module = sys.modules[COMPILED] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
