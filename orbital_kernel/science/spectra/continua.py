"""Energy bands, and model spectra whose fluxes they hold.

Models are continua without absorption.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from orbital_kernel.errors import QueryError


@dataclass(frozen=True)
class Band:
    """Band edges in keV; one energy (low = high) only for a flux density."""

    low_kev: float
    high_kev: float

    def __post_init__(self) -> None:
        if not 0 < self.low_kev <= self.high_kev < np.inf:
            raise QueryError(
                f"a band needs 0 < low <= high in keV; got {self.low_kev}"
                f" to {self.high_kev}"
            )

    def __str__(self) -> str:
        return f"{self.low_kev:g}-{self.high_kev:g} keV"

    @classmethod
    def of(cls, edges: Sequence[float]) -> "Band":
        """Return the band of two energies; QueryError for anything else."""
        try:
            numbers = () if isinstance(edges, str) else edges
            low, high = (float(edge) for edge in numbers)
        except (TypeError, ValueError):
            raise QueryError(
                f"a band is two energies in keV, such as (0.3, 10.0); got {edges!r}"
            ) from None
        return cls(low, high)


class SpectralModel(Protocol):
    """A photon spectrum in any normalisation, and the same one sigma lower and higher."""

    def photons(self, energy_kev: np.ndarray) -> np.ndarray:
        """Return photons a keV at these energies, in any one normalisation."""

    def one_sigma(self) -> tuple["SpectralModel", "SpectralModel"]:
        """Return the model one sigma below and above its best parameter."""

    def drawn(
        self, generator: np.random.Generator, number: int
    ) -> Iterator["SpectralModel"]:
        """Yield models with parameters drawn from their errors."""


@dataclass(frozen=True)
class PowerLaw:
    """Photon spectrum N(E) ~ E^-photon_index, with the index's 1-sigma error.

    The default 2.0 ± 0.3 covers the usual spread of X-ray afterglows and active
    galaxies; it is an assumption and is written into every converted row.

    Parameters
    ----------
    photon_index : float
        Photon index; N(E) falls as E to its power.
    photon_index_err : float
        1-sigma error of the index.

    Examples
    --------
    >>> from orbital_kernel import PowerLaw
    >>> str(PowerLaw(1.7, 0.1))
    'power law, photon index 1.7 ± 0.1'
    """

    photon_index: float = 2.0
    photon_index_err: float = 0.3

    def photons(self, energy_kev: np.ndarray) -> np.ndarray:
        """Return E^-photon_index, the photons a keV in any one normalisation.

        Parameters
        ----------
        energy_kev : numpy.ndarray
            Photon energies, keV.

        Returns
        -------
        numpy.ndarray
            Photons a keV at these energies, of the same shape.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel import PowerLaw
        >>> PowerLaw(2.0).photons(np.array([1.0, 2.0])).tolist()
        [1.0, 0.25]
        """
        return np.asarray(energy_kev**-self.photon_index)

    def one_sigma(self) -> tuple["PowerLaw", "PowerLaw"]:
        """Return the harder and the softer law, one sigma from this one.

        Returns
        -------
        tuple of PowerLaw
            The law with the smaller index, then the one with the larger.

        Examples
        --------
        >>> from orbital_kernel import PowerLaw
        >>> [round(law.photon_index, 3) for law in PowerLaw(1.7, 0.1).one_sigma()]
        [1.6, 1.8]
        """
        step = self.photon_index_err
        return PowerLaw(self.photon_index - step, 0), PowerLaw(
            self.photon_index + step, 0
        )

    def drawn(
        self, generator: np.random.Generator, number: int
    ) -> Iterator["PowerLaw"]:
        """Yield the law with indices drawn from a normal distribution.

        Parameters
        ----------
        generator : numpy.random.Generator
            Gives the numbers.
        number : int
            How many laws.

        Yields
        ------
        PowerLaw
            The law with a drawn index.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel import PowerLaw
        >>> laws = PowerLaw(2.0, 0.0).drawn(np.random.default_rng(1), 2)
        >>> [law.photon_index for law in laws]
        [2.0, 2.0]
        """
        spread = self.photon_index_err
        for index in generator.normal(self.photon_index, spread, number):
            yield PowerLaw(float(index), 0)

    def __str__(self) -> str:
        index = f"power law, photon index {self.photon_index:g}"
        if np.isnan(self.photon_index_err):
            return f"{index} (error not stated)"
        return f"{index} ± {self.photon_index_err:g}"


@dataclass(frozen=True)
class BlackBody:
    """Planck photon spectrum N(E) ~ E^2 / (exp(E/kT) - 1).

    Parameters
    ----------
    kt_kev : float
        Temperature, kT in keV.
    kt_err_kev : float
        Its 1-sigma error, keV.

    Raises
    ------
    QueryError
        If the error is negative, or not below the temperature.

    Examples
    --------
    >>> from orbital_kernel import BlackBody
    >>> str(BlackBody(0.1, 0.02))
    'black body, kT 0.1 ± 0.02 keV'
    """

    kt_kev: float
    kt_err_kev: float

    def __post_init__(self) -> None:
        """Raise QueryError for a temperature or error that is not physical."""
        if not 0 <= self.kt_err_kev < self.kt_kev:
            raise QueryError(
                f"a black body needs kT > its error >= 0; got {self.kt_kev}"
                f" ± {self.kt_err_kev} keV"
            )

    def photons(self, energy_kev: np.ndarray) -> np.ndarray:
        """Return E^2 / (exp(E/kT) - 1), the photons a keV in any one normalisation.

        Parameters
        ----------
        energy_kev : numpy.ndarray
            Photon energies, keV.

        Returns
        -------
        numpy.ndarray
            Photons a keV at these energies, of the same shape.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel import BlackBody
        >>> BlackBody(1.0, 0.1).photons(np.array([1.0])).round(3).tolist()
        [0.582]
        """
        return np.asarray(energy_kev**2 / np.expm1(energy_kev / self.kt_kev))

    def one_sigma(self) -> tuple["BlackBody", "BlackBody"]:
        """Return the cooler and the hotter body, one sigma from this one.

        Returns
        -------
        tuple of BlackBody
            The cooler body, then the hotter one.

        Examples
        --------
        >>> from orbital_kernel import BlackBody
        >>> [round(body.kt_kev, 3) for body in BlackBody(1.0, 0.1).one_sigma()]
        [0.9, 1.1]
        """
        step = self.kt_err_kev
        return BlackBody(self.kt_kev - step, 0), BlackBody(self.kt_kev + step, 0)

    def drawn(
        self, generator: np.random.Generator, number: int
    ) -> Iterator["BlackBody"]:
        """Yield the body with temperatures drawn from a normal distribution above 0.

        Parameters
        ----------
        generator : numpy.random.Generator
            Gives the numbers.
        number : int
            How many bodies.

        Yields
        ------
        BlackBody
            The body with a drawn temperature.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel import BlackBody
        >>> bodies = BlackBody(1.0, 0.0).drawn(np.random.default_rng(1), 2)
        >>> [body.kt_kev for body in bodies]
        [1.0, 1.0]
        """
        lowest = 1e-3 * self.kt_kev
        for kt_kev in generator.normal(self.kt_kev, self.kt_err_kev, number):
            yield BlackBody(max(float(kt_kev), lowest), 0)

    def __str__(self) -> str:
        """Return the temperature with its error."""
        return f"black body, kT {self.kt_kev:g} ± {self.kt_err_kev:g} keV"


def energy_flux(model: SpectralModel, band: Band) -> float:
    """Return the integral of E N(E) dE over the band, keV times the normalisation."""
    return _integral(model, band, power=1)


def photon_flux(model: SpectralModel, band: Band) -> float:
    """Return the integral of N(E) dE over the band, times the normalisation."""
    return _integral(model, band, power=0)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_PANELS = 128
"""Panels of the integral: absorption edges lie within one of them each."""


def _integral(model: SpectralModel, band: Band, *, power: int) -> float:
    """Integrate E^power N(E) over ln E by Gauss-Legendre in panels."""
    edges = np.linspace(np.log(band.low_kev), np.log(band.high_kev), _PANELS + 1)
    half = np.diff(edges)[:, None] / 2
    energy = np.exp(edges[:-1, None] + half * (_NODES + 1)).ravel()
    values = energy ** (power + 1) * model.photons(energy)
    return float(np.sum(half * _WEIGHTS * values.reshape(_PANELS, -1)))
