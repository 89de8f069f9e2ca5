"""The conversion of each kind of point: by its unit, its band and its instrument."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves.bands import CountsToFlux, conversion
from orbital_kernel.science.lightcurves.spectra import Band, SpectralModel

GIVEN_AS = ("unit", "band_low_kev", "band_high_kev", "band", "instrument", "mode")


def conversions_of(
    rows: pl.DataFrame,
    unit: str,
    band: Band,
    model: SpectralModel,
    stated: Mapping[str, CountsToFlux],
) -> pl.DataFrame:
    """Return one conversion, or the reason against it, for each kind of point."""
    kinds = rows.select(GIVEN_AS).unique(maintain_order=True)
    answers = [
        _conversion_of(kind, unit, band, model, stated)
        for kind in kinds.iter_rows(named=True)
    ]
    types = {
        "factor": pl.Float64(),
        "factor_err": pl.Float64(),
        "conversion": pl.String(),
        "no_way": pl.String(),
    }
    return kinds.hstack(pl.DataFrame(answers, schema=types))


def _conversion_of(
    kind: Mapping[str, Any],
    unit: str,
    band: Band,
    model: SpectralModel,
    stated: Mapping[str, CountsToFlux],
) -> dict[str, Any]:
    instrument = str(kind["instrument"])
    names = (f"{instrument}/{kind['mode']}", instrument, instrument.partition("-")[0])
    factor = next((stated[name] for name in names if name in stated), None)
    try:
        applied = conversion(
            _stated(kind["unit"], "no unit is given"),
            _band(kind, factor),
            to_unit=unit,
            to_band=band,
            model=model,
            counts_to_flux=factor,
        )
    except QueryError as reason:
        return {"no_way": str(reason)}
    return {
        "factor": applied.factor,
        "factor_err": applied.factor_err,
        "conversion": applied.how,
    }


def _stated(text: str | None, otherwise: str) -> str:
    if text is None:
        raise QueryError(otherwise)
    return text


def _band(kind: Mapping[str, Any], factor: CountsToFlux | None) -> Band:
    """Return the point's band; a count rate's is that of its stated factor."""
    low, high = kind["band_low_kev"], kind["band_high_kev"]
    if low is not None and high is not None:
        return Band(low, high)
    if factor is not None:
        return Band(*factor.band_kev)
    raise QueryError(f"the band {kind['band'] or '(none named)'} has no edges in keV")
