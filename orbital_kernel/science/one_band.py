"""Fluxes brought into one unit and one band, or the reason why they are not.

Nothing compares two fluxes without band and unit: count rates and bands without edges
have no factor, and say so.
"""

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves import (
    Band,
    CountsToFlux,
    PowerLaw,
    conversion,
)

FLUX_UNIT = "erg / (cm2 s)"
BAND_KEV = (0.5, 7.0)
"""The broad band of the Chandra Source Catalog; it lies within Swift-XRT's."""
EDGES = ("band_low_kev", "band_high_kev")


def in_one_band(
    rows: pl.DataFrame,
    unit_column: str,
    *,
    band_kev: tuple[float, float] = BAND_KEV,
    photon_index: float = 2.0,
    index_err: float = 0.3,
    counts_to_flux: CountsToFlux | None = None,
) -> pl.DataFrame:
    """Return the rows with what turns their fluxes into one unit and band.

    Parameters
    ----------
    rows
        Fluxes with a column of units, band_low_kev and band_high_kev (keV).
    unit_column
        The column of units.
    band_kev
        Band to convert to, keV.
    photon_index, index_err
        Power law between the bands, and the 1-sigma error of its index.
    counts_to_flux
        Stated factor for count rates; without one they have no factor.

    Returns
    -------
    polars.DataFrame
        The rows with factor (to erg / (cm2 s) in the band), factor_err (1 sigma, from the
        index) and unconverted: null, or why there is no factor.
    """
    kinds = rows.select(unit_column, *EDGES).unique(maintain_order=True)
    model = PowerLaw(photon_index, index_err)
    answers = [
        _factor(unit, low, high, Band(*band_kev), model, counts_to_flux)
        for unit, low, high in kinds.iter_rows()
    ]
    types = {"factor": pl.Float64, "factor_err": pl.Float64, "unconverted": pl.String}
    factors = kinds.hstack(pl.DataFrame(answers, schema=types, orient="row"))
    return rows.join(
        factors,
        on=[unit_column, *EDGES],
        nulls_equal=True,
        how="left",
        maintain_order="left",
    )


def reasons(rows: pl.DataFrame, column: str = "unconverted") -> dict[str, int]:
    """Return how many rows are excluded for which reason, most frequent first."""
    counts = rows[column].drop_nulls().value_counts(sort=True)
    return dict(counts.iter_rows())


def _factor(
    unit: str | None,
    low: float | None,
    high: float | None,
    band: Band,
    model: PowerLaw,
    stated: CountsToFlux | None,
) -> tuple[float | None, float | None, str | None]:
    if unit is None:
        return None, None, "no unit is given"
    if low is None or high is None:
        return None, None, f"the band has no edges in keV ({unit})"
    try:
        applied = conversion(
            unit,
            Band(low, high),
            to_unit=FLUX_UNIT,
            to_band=band,
            model=model,
            counts_to_flux=stated,
        )
    except QueryError as reason:
        return None, None, str(reason)
    return applied.factor, applied.factor_err, None
