"""Places at another epoch, by proper motion.

A source moves on a straight line at a constant speed; without parallax and radial
velocity its direction at a time t later is that of n + (mu_alpha* e + mu_delta m) t
(Butkevich & Lindegren 2014, A&A 570, A62, section 2; ESA SP-1200, vol. 1, eq. 1.5.19),
with e and m the unit vectors to the east and north. Exact also at the poles.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.matching.skyjoin import unit_vectors

Reals = NDArray[np.float64]

MAS_PER_RADIAN = np.degrees(1) * 3600e3
COLUMNS = {
    "pm_ra": ("pm_ra", "pmra", "pmRA", "PMRA", "pm_ra_cosdec"),
    "pm_dec": ("pm_dec", "pmdec", "pmDE", "PMDEC", "pmDEC"),
    "epoch": ("epoch", "ref_epoch", "Epoch", "EPOCH", "REF_EPOCH"),
}
"""Keys of `extra`: mas/yr along the great circle to the east, mas/yr, Julian year."""


def propagated(
    ra: Reals, dec: Reals, pm_ra: Reals, pm_dec: Reals, years: Reals
) -> tuple[Reals, Reals]:
    """Return RA and Dec (deg) of places so many years later.

    Parameters
    ----------
    ra, dec
        Places, deg.
    pm_ra, pm_dec
        Proper motion, mas/yr; that in RA is multiplied by cos(dec).
    years
        Julian years.
    """
    a, d = np.radians(ra), np.radians(dec)
    east = np.stack([-np.sin(a), np.cos(a), np.zeros(a.size)], axis=1)
    north = np.stack([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)], 1)
    by = (pm_ra * years / MAS_PER_RADIAN)[:, None] * east
    by = by + (pm_dec * years / MAS_PER_RADIAN)[:, None] * north
    x, y, z = (unit_vectors(ra, dec) + by).T
    return (
        np.degrees(np.arctan2(y, x)) % 360,
        np.degrees(np.arctan2(z, np.hypot(x, y))),
    )


def at_epoch(rows: pl.DataFrame, epoch: float) -> pl.DataFrame:
    """Return rows at another epoch, where `extra` states proper motion and epoch.

    The column `moved` says which rows are.
    """
    read = rows.select(
        pl.coalesce(
            pl.col("extra")
            .str.json_path_match(f"$.{key}")
            .cast(pl.Float64, strict=False)
            for key in keys
        ).alias(name)
        for name, keys in COLUMNS.items()
    )
    moved = read.select(
        pl.all_horizontal(pl.all().is_finite()).fill_null(value=False)
    ).to_series()
    some = read.filter(moved)
    ra, dec = rows["ra"].to_numpy().copy(), rows["dec"].to_numpy().copy()
    mask = moved.to_numpy()
    ra[mask], dec[mask] = propagated(
        ra[mask],
        dec[mask],
        some["pm_ra"].to_numpy(),
        some["pm_dec"].to_numpy(),
        epoch - some["epoch"].to_numpy(),
    )
    return rows.with_columns(
        pl.Series("ra", ra), pl.Series("dec", dec), moved.alias("moved")
    )
