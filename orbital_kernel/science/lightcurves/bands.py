"""Fluxes converted from one band and unit to another, under a stated spectral model.

Two fluxes are comparable only in one band and one unit. The conversion needs a
spectrum, so the model is an argument, its parameters have errors, and every conversion
carries the error that follows from them. Absorption is removed or added only if it is
asked for. A count rate needs a stated factor.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from astropy import constants
from astropy import units as u

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves.flux_units import (
    DENSITY,
    ENERGY_FLUX,
    PHOTON_FLUX,
    kind_of,
    parse_unit,
    require_band,
)
from orbital_kernel.science.spectra import (
    Absorbed,
    Band,
    SpectralModel,
    energy_flux,
    photon_flux,
    unabsorbed,
)

ERG_PER_KEV = float((1 * u.keV).to_value(u.erg))
KEV_PER_HZ = float((constants.h * u.Hz).to_value(u.keV))


@dataclass(frozen=True)
class CountsToFlux:
    """A stated factor from count rate to energy flux in a band.

    Parameters
    ----------
    factor
        Energy flux of one count per second, in `unit`.
    band_kev
        Band of the energy flux, keV.
    source
        Who states the factor; written into every converted row.
    factor_err
        1-sigma error of the factor.
    unit
        Unit of the factor.
    rate_band_kev
        Band of the count rates, keV; by default that of the energy flux. Rates of
        another band are not converted.
    absorption
        Whether that flux is 'absorbed' or 'unabsorbed'; None if unknown.

    Examples
    --------
    >>> from orbital_kernel import CountsToFlux
    >>> CountsToFlux(1e-11, (0.5, 7.0), source="assumed").unit
    'erg / (cm2 ct)'
    """

    factor: float
    band_kev: tuple[float, float]
    source: str = "stated by the caller"
    factor_err: float = 0.0
    unit: str = "erg / (cm2 ct)"
    rate_band_kev: tuple[float, float] | None = None
    absorption: str | None = None

    @property
    def rate_band(self) -> tuple[float, float]:
        """Band of the count rates that the factor is of, keV.

        Examples
        --------
        >>> from orbital_kernel import CountsToFlux
        >>> CountsToFlux(1e-11, (0.5, 7.0)).rate_band
        (0.5, 7.0)
        """
        return self.rate_band_kev or self.band_kev

    def __post_init__(self) -> None:
        if not (0 < self.factor < np.inf and self.factor_err >= 0 and self.source):
            raise QueryError(
                "counts to flux needs a positive factor, an error >= 0 and its source;"
                f" got {self.factor} ± {self.factor_err} from {self.source!r}"
            )


@dataclass(frozen=True)
class Conversion:
    """Multiply by `factor`; its 1-sigma errors are of the model.

    `factor_err` is the mean of `factor_err_plus` and `factor_err_minus`; `absorption` is
    the state of the result: absorbed, unabsorbed, or None if that of the flux is unknown.
    """

    factor: float
    factor_err: float
    how: str
    factor_err_plus: float = 0.0
    factor_err_minus: float = 0.0
    absorption: str | None = None


def conversion(
    unit: str,
    band: Band,
    *,
    to_unit: str = "erg / (cm2 s)",
    to_band: Band,
    model: SpectralModel,
    counts_to_flux: CountsToFlux | None = None,
    absorption: str | None = None,
    to_absorption: str | None = None,
) -> Conversion:
    """Return the factor from a flux in one unit and band to another.

    Energy fluxes, photon fluxes, flux densities at one energy (low = high) and, with a
    stated factor, count rates become energy or photon fluxes.

    Parameters
    ----------
    unit, band
        Unit and band of the flux given.
    to_unit, to_band
        Unit and band of the flux returned.
    model
        Spectrum between the bands; its normalisation cancels out.
    counts_to_flux
        Factor for count rates.
    absorption
        Whether the flux is 'absorbed' (as observed) or 'unabsorbed'; None if unknown.
    to_absorption
        The same of the flux returned; by default as the flux given. Removing or adding
        absorption needs an absorbed model.

    Returns
    -------
    Conversion
        factor; its errors, from the model one sigma below and above, or for an absorbed
        model from 300 draws of its parameters (0 if kind of unit, band and absorption
        do not change); how.

    Raises
    ------
    QueryError
        If there is no conversion; the message says why and can be shown.
    """
    given, target = parse_unit(unit), parse_unit(to_unit)
    if kind_of(target) not in _NORMALISATION:
        raise QueryError(f"{to_unit!r} is not an energy flux or a photon flux")
    require_band(target, to_band)
    if kind_of(given).startswith("count rate"):
        return _counts(
            given, band, counts_to_flux, target, to_band, model, to_absorption
        )
    state = to_absorption or absorption
    changes = to_absorption not in (None, absorption)
    require_column(model, state if changes else None)
    assumed = "; taken as absorbed, which its record does not state"
    note = assumed if changes and absorption is None else ""

    def factor(spectrum: SpectralModel) -> float:
        source = unabsorbed(spectrum) if absorption == "unabsorbed" else spectrum
        sink = unabsorbed(spectrum) if state == "unabsorbed" else spectrum
        return _factor(given, band, target, to_band, source, sink)

    best = factor(model)
    if band == to_band and kind_of(given) == kind_of(target):
        observed = to_absorption == "absorbed" and absorption is None
        if not changes or observed or unabsorbed(model) == model:
            how = ("unit only" if best != 1.0 else "as given") + note
            return Conversion(best, 0.0, how, absorption=state)
    low, high = _spread(factor, model)
    plus, minus = max(high - best, 0.0), max(best - low, 0.0)
    if np.isnan(low + high):
        plus = minus = np.nan
    bands = f"{band} to {to_band}" + (f", {state}" if changes else "")
    return Conversion(
        best, (high - low) / 2, f"{bands}: {model}{note}", plus, minus, state
    )


DRAWS, SEED = 300, 20041120
_ONE_SIGMA = (0.15865525393145707, 0.8413447460685429)


def require_column(model: SpectralModel, to_absorption: str | None) -> None:
    """Raise QueryError if absorption is to change and the model has no column."""
    if to_absorption is not None and not isinstance(model, Absorbed):
        raise QueryError(
            f"an {to_absorption} flux needs a column of hydrogen: give nh in cm-2, or "
            "nh='galactic'"
        )


def _spread(
    factor: Callable[[SpectralModel], float], model: SpectralModel
) -> tuple[float, float]:
    """Return the factor one sigma below and above its best value."""
    if not isinstance(model, Absorbed):
        low, high = sorted(factor(spectrum) for spectrum in model.one_sigma())
        return low, high
    models = model.drawn(np.random.default_rng(SEED), DRAWS)
    values = np.array([factor(spectrum) for spectrum in models])
    if np.isnan(values).any():
        return np.nan, np.nan
    low, high = np.quantile(values, _ONE_SIGMA)
    return float(low), float(high)


def _energy_units(unit: u.UnitBase, band: Band, model: SpectralModel) -> float:
    """Return erg / (cm2 s) a given unit is worth, in units of the normalisation."""
    return float(unit.to(ENERGY_FLUX)) / (energy_flux(model, band) * ERG_PER_KEV)


def _photon_units(unit: u.UnitBase, band: Band, model: SpectralModel) -> float:
    return float(unit.to(PHOTON_FLUX)) / photon_flux(model, band)


def _density_units(unit: u.UnitBase, band: Band, model: SpectralModel) -> float:
    """Return the normalisation of a flux density at the one energy of the band."""
    energy = np.array([band.low_kev], dtype=np.float64)
    per_kev = float(unit.to(DENSITY)) / KEV_PER_HZ / ERG_PER_KEV
    return per_kev / float((energy * model.photons(energy))[0])


_NORMALISATION = {
    "energy flux": _energy_units,
    "photon flux": _photon_units,
    "flux density": _density_units,
}


def _factor(
    given: u.UnitBase,
    band: Band,
    target: u.UnitBase,
    to_band: Band,
    source: SpectralModel,
    sink: SpectralModel,
) -> float:
    kind, to_kind = kind_of(given), kind_of(target)
    one_energy = band.low_kev == band.high_kev
    if one_energy != (kind == "flux density"):
        raise QueryError(f"a {kind} cannot be given at {band}")
    if kind == to_kind and band == to_band and source == sink:
        return float(given.to(target))
    normalisation = _NORMALISATION[kind](given, band, source)
    return normalisation / _NORMALISATION[to_kind](target, to_band, sink)


def _counts(
    given: u.UnitBase,
    band: Band,
    stated: CountsToFlux | None,
    target: u.UnitBase,
    to_band: Band,
    model: SpectralModel,
    to_absorption: str | None,
) -> Conversion:
    """Apply the stated factor, then convert its band; both errors in quadrature."""
    if stated is None:
        raise QueryError(
            "a count rate becomes a flux only by a stated counts_to_flux factor"
        )
    if (band.low_kev, band.high_kev) != tuple(map(float, stated.rate_band)):
        raise QueryError(
            f"the counts_to_flux factor is of rates in {Band(*stated.rate_band)}, and "
            f"this rate is in {band}"
        )
    product = given * parse_unit(stated.unit)
    if not product.is_equivalent(ENERGY_FLUX):
        raise QueryError(f"counts_to_flux in {stated.unit!r} gives no energy flux")
    onward = conversion(
        product.to_string(),
        Band(*stated.band_kev),
        to_unit=target.to_string(),
        to_band=to_band,
        model=model,
        absorption=stated.absorption,
        to_absorption=to_absorption,
    )
    factor = stated.factor * onward.factor
    relative = stated.factor_err / stated.factor
    mean, plus, minus = (
        float(factor * np.hypot(relative, error / onward.factor))
        for error in (
            onward.factor_err,
            onward.factor_err_plus,
            onward.factor_err_minus,
        )
    )
    how = f"{stated.factor:g} {stated.unit} ({stated.source}); {onward.how}"
    return Conversion(factor, mean, how, plus, minus, onward.absorption)
