"""A shift of a whole catalogue that is beyond the reach of nearest neighbours."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.matching.skyjoin import neighbours
from orbital_kernel.science.quality.frame_fits import LEAST_PAIRS, WITHIN_ARCSEC

Reals = NDArray[np.float64]

WIDE_ARCSEC = 120.0
CELL_ARCSEC = 6.0
PLACE_ARCSEC = 10.0
"""Rows so near each other are one place: repeats of one source are no further evidence."""
CHANCE = 1e-6
MOST_PLACES = 50_000
"""Of more places in the first list every second, third … is used."""


def common_shift(
    ra1: Reals, dec1: Reals, ra2: Reals, dec2: Reals, *, more_than: int = 0
) -> tuple[float, float] | None:
    """Return the shift, arcsec east and north, that many pairs have in common.

    None if the densest shift is within the reach of nearest neighbours, has no more
    pairs than `more_than`, or as many pairs as chance gives somewhere. Positions in deg.
    """
    first, second = _places(ra1, dec1), _places(ra2, dec2)
    every = -(-first[0].size // MOST_PLACES) or 1
    first = first[0][::every], first[1][::every]
    i, j, _ = neighbours(*first, *second, WIDE_ARCSEC / 3600)
    if i.size < LEAST_PAIRS:
        return None
    east, north = _apart(first[0][i], first[1][i], second[0][j], second[1][j])
    edges = np.arange(-WIDE_ARCSEC, WIDE_ARCSEC + CELL_ARCSEC, CELL_ARCSEC)
    counts, _, _ = np.histogram2d(east, north, [edges, edges])
    boxes = counts[1:, 1:] + counts[:-1, 1:] + counts[1:, :-1] + counts[:-1, :-1]
    at = np.unravel_index(int(np.argmax(boxes)), boxes.shape)
    middle = edges[at[0] + 1], edges[at[1] + 1]
    expected = i.size * (2 * CELL_ARCSEC) ** 2 / (np.pi * WIDE_ARCSEC**2)
    if boxes[at] <= max(more_than / every, LEAST_PAIRS) or not _rare(
        boxes[at], expected, boxes
    ):
        return None
    if np.hypot(*middle) <= WITHIN_ARCSEC:
        return None
    near = np.hypot(east - middle[0], north - middle[1]) <= 2 * CELL_ARCSEC
    return float(np.median(east[near])), float(np.median(north[near]))


def _rare(peak: float, expected: float, boxes: Reals) -> bool:
    """Return whether chance hardly gives so many pairs in any of the boxes."""
    from scipy.special import pdtrc

    return bool(pdtrc(peak - 1, expected) * boxes.size < CHANCE)


def _places(ra: Reals, dec: Reals) -> tuple[Reals, Reals]:
    """Return the positions, those near each other once."""
    rows = pl.DataFrame({"ra": ra % 360, "dec": dec})
    north = (3600 / PLACE_ARCSEC * pl.col("dec")).round()
    east = (3600 / PLACE_ARCSEC * pl.col("ra") * pl.col("dec").radians().cos()).round()
    single = rows.filter(pl.struct(east, north.alias("north")).is_first_distinct())
    return single["ra"].to_numpy(), single["dec"].to_numpy()


def _apart(ra1: Reals, dec1: Reals, ra2: Reals, dec2: Reals) -> tuple[Reals, Reals]:
    """Return second less first, arcsec east and north."""
    away = (ra2 - ra1 + 180) % 360 - 180
    return 3600 * away * np.cos(np.radians((dec1 + dec2) / 2)), 3600 * (dec2 - dec1)
