"""The conversion of each kind of point: by its unit, its band and its instrument."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from astropy import units as u

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import numbered
from orbital_kernel.science.lightcurves.bands import (
    CountsToFlux,
    conversion,
)
from orbital_kernel.science.lightcurves.converted import CONVERSION
from orbital_kernel.science.lightcurves.flux_units import kind_of, parse_unit
from orbital_kernel.science.lightcurves.magnitudes import (
    density_of_magnitude,
    is_magnitude,
    require_density,
)
from orbital_kernel.science.lightcurves.packaged_factors import (
    PACKAGED,
    packaged_index,
)
from orbital_kernel.science.spectra import (
    Absorbed,
    Band,
    PowerLaw,
    SpectralModel,
    quoted_model,
)

GIVEN_AS = (
    *("unit", "band_low_kev", "band_high_kev", "band", "instrument", "mode"),
    *("spectrum", "absorption", "packaged"),
)
STATED_AT = "$.xray_model"
"""Where a row's `extra` holds the spectrum by which its source made the flux."""
ABSORPTION_AT = "$.absorption"
UNABSORBED_BESIDE = '"unabsorbed flux"'
"""A table that lists unabsorbed fluxes beside the points has these absorbed."""
_ANSWER = {
    **CONVERSION,
    "to_absorption": pl.String(),
    "refused": pl.String(),
    "to_unit": pl.String(),
    "to_band": pl.String(),
    "to_band_low_kev": pl.Float64(),
    "to_band_high_kev": pl.Float64(),
}


def require_target(unit: str, band: Band) -> None:
    """Raise QueryError if fluxes cannot be converted to a unit and band."""
    conversion(
        "erg / (cm2 s)", Band(1.0, 2.0), to_unit=unit, to_band=band, model=PowerLaw()
    )


def conversions_of(
    rows: pl.DataFrame,
    unit: str,
    band: Band,
    model: SpectralModel | None,
    stated: Mapping[str, CountsToFlux],
    *,
    nh_1e22: float | None = None,
    absorption: str | None = None,
) -> pl.DataFrame:
    """Return the rows with the conversion of each, or the reason against it.

    One conversion is made for each kind of point. Added are factor, factor_err,
    conversion, refused, and unit and band of the result (to_…).
    """
    rows = numbered(with_kind(rows), GIVEN_AS, "_kind")
    kinds = rows.select(*GIVEN_AS, "_kind").unique("_kind", maintain_order=True)
    spectra = {
        text: _spectrum(text, model, nh_1e22) for text in kinds["spectrum"].unique()
    }
    answers = [
        _conversion_of(kind, unit, band, spectra[kind["spectrum"]], stated, absorption)
        for kind in kinds.iter_rows(named=True)
    ]
    answered = pl.DataFrame(answers, schema=_ANSWER)
    errors = pl.col("factor_err", "factor_err_plus", "factor_err_minus")
    table = kinds.select("_kind").hstack(answered.with_columns(errors.fill_nan(None)))
    return rows.join(table, on="_kind", how="left", maintain_order="left")


def with_kind(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the spectrum that each states, and its packaged factor."""
    if "spectrum" in rows.columns:
        return rows
    return rows.with_columns(
        pl.col("extra").str.json_path_match(STATED_AT).alias("spectrum"),
        packaged_index().alias("packaged"),
    )


def with_absorption(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with `absorption`, as their records state it; else null."""
    stated = pl.col("extra").str.json_path_match(ABSORPTION_AT)
    both = pl.col("extra").str.contains(UNABSORBED_BESIDE, literal=True)
    return rows.with_columns(
        pl.coalesce(stated, pl.when(both).then(pl.lit("absorbed"))).alias("absorption")
    )


def _spectrum(
    text: str | None, model: SpectralModel | None, nh_1e22: float | None
) -> SpectralModel:
    """Return the spectrum of points: the caller's, else their record's, else a default."""
    chosen = model or quoted_model(text) or PowerLaw()
    if nh_1e22 is None or isinstance(chosen, Absorbed):
        return chosen
    return Absorbed(chosen, nh_1e22)


def _conversion_of(
    kind: Mapping[str, Any],
    unit: str,
    band: Band,
    model: SpectralModel,
    stated: Mapping[str, CountsToFlux],
    absorption: str | None,
) -> dict[str, Any]:
    target = parse_unit(unit)
    result = {
        "to_unit": target.to_string(),
        "to_band": str(band),
        "to_band_low_kev": band.low_kev,
        "to_band_high_kev": band.high_kev,
    }
    if kind["unit"] is None:
        return {**result, "refused": "no unit is given"}
    try:
        if is_magnitude(kind["unit"]) or _is_optical(kind):
            zero, how = _density(kind, target)
            return {
                "factor": zero,
                "factor_err": 0.0,
                "factor_err_plus": 0.0,
                "factor_err_minus": 0.0,
                "conversion": how,
                "to_unit": target.to_string(),
            }
        factor = _stated_factor(kind, stated)
        applied = conversion(
            kind["unit"],
            _band(kind, factor),
            to_unit=unit,
            to_band=band,
            model=model,
            counts_to_flux=factor,
            absorption=kind["absorption"],
            to_absorption=absorption,
        )
    except QueryError as reason:
        return {**result, "refused": str(reason)}
    return {
        **result,
        "factor": applied.factor,
        "factor_err": applied.factor_err,
        "factor_err_plus": applied.factor_err_plus,
        "factor_err_minus": applied.factor_err_minus,
        "conversion": applied.how,
        "to_absorption": applied.absorption,
    }


def _density(kind: Mapping[str, Any], target: u.UnitBase) -> tuple[float, str]:
    """Return the factor from a magnitude or flux density of a filter, and how."""
    unit, band = kind["unit"], kind["band"]
    if is_magnitude(unit):
        return density_of_magnitude(unit, band, target)
    require_density(unit, band, target)
    factor = float(parse_unit(unit).to(target))
    return factor, "as given" if factor == 1 else "unit only"


def _is_optical(kind: Mapping[str, Any]) -> bool:
    """Return whether a point is a flux density of a filter, without edges in keV."""
    if kind["band_low_kev"] is not None:
        return False
    try:
        return kind_of(parse_unit(kind["unit"])) == "flux density"
    except QueryError:
        return False


def _stated_factor(
    kind: Mapping[str, Any], stated: Mapping[str, CountsToFlux]
) -> CountsToFlux | None:
    instrument = str(kind["instrument"])
    names = (f"{instrument}/{kind['mode']}", instrument, instrument.partition("-")[0])
    given = next((stated[name] for name in names if name in stated), None)
    if given is None and kind["packaged"] is not None:
        return PACKAGED[kind["packaged"]].factor
    return given


def _band(kind: Mapping[str, Any], factor: CountsToFlux | None) -> Band:
    """Return the point's band; a count rate's is that of its stated factor."""
    low, high = kind["band_low_kev"], kind["band_high_kev"]
    if low is not None and high is not None:
        return Band(low, high)
    if factor is not None:
        return Band(*factor.rate_band)
    raise QueryError(f"the band {kind['band'] or '(none named)'} has no edges in keV")
