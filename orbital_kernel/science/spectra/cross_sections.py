"""Photoelectric absorption by the interstellar medium, per hydrogen atom.

Two tables: 'tbabs', Wilms, Allen & McCray 2000 with their abundances, and 'wabs',
Morrison & McCammon 1983 with those of Anders & Ebihara 1982.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError, unknown

Reals = NDArray[np.float64]
_TBABS = "tbabs.csv"
_MM83 = (
    (0.030, 17.3, 608.1, -2150.0),
    (0.100, 34.6, 267.9, -476.1),
    (0.284, 78.1, 18.8, 4.3),
    (0.400, 71.4, 66.8, -51.4),
    (0.532, 95.5, 145.8, -61.1),
    (0.707, 308.9, -380.6, 294.0),
    (0.867, 120.6, 169.3, -47.7),
    (1.303, 141.3, 146.8, -31.5),
    (1.840, 202.7, 104.7, -17.0),
    (2.471, 342.7, 18.7, 0.0),
    (3.210, 352.2, 18.7, 0.0),
    (4.038, 433.9, -2.4, 0.75),
    (7.111, 629.0, 30.9, 0.0),
    (8.331, 701.2, 25.2, 0.0),
)
"""Lower edge (keV) and coefficients c0, c1, c2 of sigma = (c0 + c1 E + c2 E^2) / E^3 in
1e-24 cm2. Morrison & McCammon 1983, ApJ 270, 119, table 2."""
_MM83_LAST_KEV = 10.0


def cross_section(energy_kev: Reals, table: str = "tbabs") -> Reals:
    """Return the cross-section per hydrogen atom.

    Parameters
    ----------
    energy_kev : numpy.ndarray
        Photon energies, keV, from 0.1 (tbabs) or 0.03 (wabs).
    table : {'tbabs', 'wabs'}
        Whose cross-sections.

    Returns
    -------
    numpy.ndarray
        1e-22 cm2: times a column in 1e22 cm-2 it is the optical depth. Above 20 keV
        (tbabs) or 10 keV (wabs) it falls as E^-3 from there.

    Raises
    ------
    QueryError
        If there is no such table, or an energy lies below it.
    """
    if table not in TABLES:
        raise QueryError(unknown("table of cross-sections", table, TABLES))
    energy = np.asarray(energy_kev, dtype=np.float64)
    lowest, values = TABLES[table]
    if energy.size and energy.min() < lowest:
        raise QueryError(
            f"{table} has cross-sections from {lowest:g} keV on; got {energy.min():g} keV"
        )
    return values(energy)


def _tbabs(energy: Reals) -> Reals:
    knots, values = _knots()
    inside = np.clip(energy, knots[0], knots[-1])
    sigma = np.exp(np.interp(np.log(inside), np.log(knots), np.log(values)))
    return np.asarray(sigma * (inside / energy) ** 3)


def _wabs(energy: Reals) -> Reals:
    table = np.array(_MM83)
    inside = np.minimum(energy, _MM83_LAST_KEV)
    row = np.searchsorted(table[:, 0], inside, side="right") - 1
    c0, c1, c2 = table[row, 1:].T
    sigma = (c0 + c1 * inside + c2 * inside**2) / inside**3 * 1e-2
    return np.asarray(sigma * (inside / energy) ** 3)


@cache
def _knots() -> tuple[Reals, Reals]:
    text = resources.files(__package__).joinpath(_TBABS).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line[:1].isdigit()]
    energy, sigma = np.array([line.split(",") for line in lines], dtype=np.float64).T
    return energy, sigma


TABLES: Mapping[str, tuple[float, Callable[[Reals], Reals]]] = {
    "tbabs": (0.1, _tbabs),
    "wabs": (0.03, _wabs),
}
"""The lowest energy (keV) and the function of each table."""
