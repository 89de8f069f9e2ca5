"""Light curves in the rest frame of their source: luminosity and time.

The luminosity is that of the emitted band: of a flux in E1 to E2 the one in E1 (1 + z)
to E2 (1 + z). It needs no spectrum; a luminosity in another band does.
"""

from functools import cache

import numpy as np
import polars as pl
from astropy import units as u

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import demand
from orbital_kernel.science.lightcurves.flux_units import ENERGY_FLUX, parse_unit

COSMOLOGY = "Planck18"
"""Planck Collaboration 2020, A&A 641, A6, table 2 (TT,TE,EE+lowE+lensing+BAO)."""
COLUMNS = {
    "rest_s": "since_s",
    "luminosity_erg_s": "value",
    "luminosity_err_plus_erg_s": "value_err_plus",
    "luminosity_err_minus_erg_s": "value_err_minus",
}


def with_rest_frame(curve: pl.DataFrame, redshift: float | None) -> pl.DataFrame:
    """Return a joint curve with time and luminosity in the rest frame.

    Parameters
    ----------
    curve : polars.DataFrame
        What `joint` returns.
    redshift : float, optional
        The source's redshift; without it the added columns are null.

    Returns
    -------
    polars.DataFrame
        The curve with rest_s (s since T0 in the rest frame), luminosity_erg_s and its
        errors (erg / s; of energy fluxes only, of limits the limit) under astropy's
        Planck18, and rest_band_low_kev and rest_band_high_kev, the band of emission.

    Raises
    ------
    QueryError
        If the redshift is not above zero.
    """
    demand(curve, "since_s", "value", "unit", subject="a light curve")
    if redshift is None:
        names = (*COLUMNS, "rest_band_low_kev", "rest_band_high_kev")
        return curve.with_columns(
            pl.lit(None, dtype=pl.Float64).alias(name) for name in names
        )
    if not 0 < redshift < np.inf:
        raise QueryError(f"a redshift is above 0; got {redshift}")
    area = 4 * np.pi * luminosity_distance_cm(redshift) ** 2
    scales = {text: _scale(text) for text in curve["unit"].drop_nulls().unique()}
    factor = pl.col("unit").replace_strict(
        scales, default=None, return_dtype=pl.Float64
    )
    stretch = 1 + redshift
    return curve.with_columns(
        (pl.col("since_s") / stretch).alias("rest_s"),
        *(
            (pl.col(name) * factor * area).alias(luminosity)
            for luminosity, name in COLUMNS.items()
            if name != "since_s"
        ),
        *(
            (pl.col(f"band_{edge}_kev") * stretch).alias(f"rest_band_{edge}_kev")
            for edge in ("low", "high")
        ),
    )


@cache
def luminosity_distance_cm(redshift: float) -> float:
    """Return the luminosity distance under Planck18, cm."""
    from astropy.cosmology import Planck18

    return float(Planck18.luminosity_distance(redshift).to_value(u.cm))


def _scale(unit: str) -> float | None:
    """Return erg / (cm2 s) of a unit; None if it is no energy flux."""
    try:
        parsed = parse_unit(unit)
    except QueryError:
        return None
    if not parsed.is_equivalent(ENERGY_FLUX):
        return None
    return float(parsed.to(ENERGY_FLUX))
