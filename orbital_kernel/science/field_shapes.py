"""Fields of view on the sky: circles, and squares whose roll is known."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import finite

Reals = NDArray[np.float64]


def rolled(looks: pl.DataFrame) -> NDArray[np.bool_]:
    """Return which fields (n,) are squares of known roll."""
    if not {"half_arcmin", "roll_deg"} <= set(looks.columns):
        return np.zeros(len(looks), dtype=bool)
    square = pl.col("half_arcmin").is_not_null() & pl.col("roll_deg").is_not_null()
    return looks.select(square).to_series().to_numpy()


def reach_of(looks: pl.DataFrame) -> Reals:
    """Return the radius (n,) of the circle around each field, arcmin."""
    radius = looks["radius_arcmin"].to_numpy()
    corner = (
        np.sqrt(2)
        * looks.select(finite("half_arcmin").fill_null(0.0)).to_series().to_numpy()
        if "half_arcmin" in looks.columns
        else radius
    )
    return np.where(rolled(looks), corner, radius)


def offsets(rows: pl.DataFrame, ra: Reals, dec: Reals) -> tuple[Reals, Reals]:
    """Return the offsets of places from the centres of fields, arcmin, arc-true in length."""
    d0, d = np.radians(rows["dec"].to_numpy()), np.radians(dec)
    away = np.radians(ra - rows["ra"].to_numpy())
    east = np.cos(d) * np.sin(away)
    north = np.cos(d0) * np.sin(d) - np.sin(d0) * np.cos(d) * np.cos(away)
    along = np.sin(d0) * np.sin(d) + np.cos(d0) * np.cos(d) * np.cos(away)
    sine = np.hypot(east, north)
    stretch = np.where(
        sine > 0, np.arctan2(sine, along) / np.maximum(sine, 1e-300), 1.0
    )
    scale = 60 * np.degrees(1) * stretch
    return east * scale, north * scale


def in_square(rows: pl.DataFrame, east: Reals, north: Reals) -> NDArray[np.bool_]:
    """Return which offsets (n,), arcmin, are inside the square field of their row."""
    roll = np.radians(rows["roll_deg"].fill_null(0.0).to_numpy())
    half = rows["half_arcmin"].fill_null(0.0).to_numpy()
    along = np.cos(roll) * north + np.sin(roll) * east
    across = np.cos(roll) * east - np.sin(roll) * north
    return np.asarray((np.abs(along) <= half) & (np.abs(across) <= half))
