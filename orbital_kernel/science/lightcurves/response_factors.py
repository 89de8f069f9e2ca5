"""Factors from counts to flux, from the response files of an observation."""

from pathlib import Path

import numpy as np

from orbital_kernel.science.lightcurves.bands import (
    DRAWS,
    ERG_PER_KEV,
    SEED,
    CountsToFlux,
)
from orbital_kernel.science.spectra import Band, SpectralModel, energy_flux, unabsorbed
from orbital_kernel.science.spectra.responses import Response, read_response


def factor_of_response(
    arf: str | Path,
    rmf: str | Path,
    *,
    model: SpectralModel,
    band_kev: tuple[float, float] = (0.3, 10.0),
    rate_band_kev: tuple[float, float] | None = None,
    absorption: str = "absorbed",
) -> CountsToFlux:
    """Return the factor from count rate to energy flux under a spectrum.

    Parameters
    ----------
    arf, rmf : str or Path
        The response files of the observation.
    model : SpectralModel
        The spectrum, with its absorption if it is absorbed.
    band_kev : tuple of float
        Band of the energy flux, keV.
    rate_band_kev : tuple of float, optional
        Band of the count rates, keV; by default that of the flux.
    absorption : {'absorbed', 'unabsorbed'}
        Whether the flux is the observed one, or the one before absorption.

    Returns
    -------
    CountsToFlux
        The factor, in erg / (cm2 ct); its error is from 300 draws of the spectrum's
        parameters.

    Raises
    ------
    QueryError
        If a file is no response, or the two are of different energies.

    Examples
    --------
    >>> from orbital_kernel import PowerLaw
    >>> from orbital_kernel.science.lightcurves import factor_of_response
    >>> factor_of_response("source.arf", "source.rmf", model=PowerLaw(1.7, 0.1))
    ... # doctest: +SKIP
    """
    response, flux = read_response(arf, rmf), Band(*band_kev)
    rates = Band(*(rate_band_kev or band_kev))

    def factor(spectrum: SpectralModel) -> float:
        return _factor(response, spectrum, flux, rates, absorption)

    draws = model.drawn(np.random.default_rng(SEED), DRAWS)
    spread = np.std([factor(spectrum) for spectrum in draws])
    return CountsToFlux(
        factor(model),
        band_kev,
        source=f"{Path(arf).name}, {Path(rmf).name}: {model}",
        factor_err=float(np.nan_to_num(spread)),
        rate_band_kev=rate_band_kev,
        absorption=absorption,
    )


def _factor(
    response: Response, model: SpectralModel, flux: Band, rates: Band, absorption: str
) -> float:
    emitted = unabsorbed(model) if absorption == "unabsorbed" else model
    return energy_flux(emitted, flux) * ERG_PER_KEV / response.rate(model, rates)
