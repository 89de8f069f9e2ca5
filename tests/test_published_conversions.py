"""Observed fluxes made unabsorbed, against pairs that circulars of Swift-XRT publish."""

from itertools import product
from statistics import median
from typing import NamedTuple

import pytest

from orbital_kernel import Absorbed, PowerLaw
from orbital_kernel.science.lightcurves import conversion
from orbital_kernel.science.spectra import Band


class Published(NamedTuple):
    """Photon index and total column in 1e22 cm-2 with 90 % bounds, and factors, 1e-11."""

    index: tuple[float, float, float]
    column: tuple[float, float, float]
    observed: float
    unabsorbed: float


# GCN circular: lowest, best, highest photon index and column; erg / (cm2 ct) in 0.3-10 keV.
PAIRS = {
    "GRB 131004A, GCN 15311": Published(
        (1.90, 2.16, 2.43), (0.22, 0.31, 0.41), 3.9, 6.8
    ),
    "GRB 170306A, GCN 20828": Published(
        (1.86, 2.05, 2.35), (0.382, 0.398, 0.562), 3.8, 6.1
    ),
    "GRB 170804A, GCN 21414": Published(
        (1.83, 1.97, 2.13), (0.018, 0.018, 0.042), 3.2, 3.4
    ),
    "GRB 180805A, GCN 23084": Published(
        (1.25, 1.50, 2.04), (0.0, 0.17, 0.39), 4.5, 5.0
    ),
    "GRB 200303A, GCN 27312": Published(
        (2.24, 2.38, 2.53), (0.66, 0.75, 0.85), 3.7, 8.8
    ),
    "GRB 200306A, GCN 27331": Published(
        (1.71, 1.89, 2.08), (0.34, 0.43, 0.54), 4.2, 6.3
    ),
    "GRB 200306C, GCN 27345": Published(
        (1.46, 1.56, 1.67), (0.019, 0.041, 0.071), 4.2, 4.4
    ),
    "GRB 220701A, GCN 32314": Published((1.7, 2.3, 3.0), (0.7, 1.2, 1.9), 4.4, 11.0),
}
XRT = Band(0.3, 10.0)


def ratio(index: float, column: float) -> float:
    """Return the unabsorbed flux over the observed one."""
    return conversion(
        "erg / (cm2 s)", XRT, to_band=XRT, model=Absorbed(PowerLaw(index, 0.0), column),
        absorption="absorbed", to_absorption="unabsorbed",
    ).factor  # fmt: skip


@pytest.mark.parametrize("burst", PAIRS)
def test_an_unabsorbed_flux_is_the_published_one_within_its_errors(burst):
    pair = PAIRS[burst]
    published = pair.unabsorbed / pair.observed
    within = [ratio(g, nh) for g, nh in product(pair.index, pair.column)]

    assert min(within) <= published <= max(within)


def test_half_of_the_best_fits_agree_to_the_rounding_of_the_factors():
    """Two digits of each factor are 1 to 2 per cent."""
    deviations = [
        abs(ratio(p.index[1], p.column[1]) * p.observed / p.unabsorbed - 1)
        for p in PAIRS.values()
    ]

    assert median(deviations) < 0.015
