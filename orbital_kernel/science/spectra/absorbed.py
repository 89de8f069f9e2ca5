"""Spectra seen through a column of gas."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from orbital_kernel.errors import QueryError
from orbital_kernel.science.spectra.continua import SpectralModel
from orbital_kernel.science.spectra.cross_sections import TABLES, cross_section


@dataclass(frozen=True)
class Absorbed:
    """A spectrum absorbed by a column of hydrogen with its metals.

    Parameters
    ----------
    model : SpectralModel
        The spectrum before absorption.
    nh_1e22 : float
        Column density of hydrogen, 1e22 cm-2.
    nh_err_1e22 : float
        Its 1-sigma error, 1e22 cm-2.
    redshift : float
        Redshift of the absorber; 0 for the Galaxy.
    table : {'tbabs', 'wabs'}
        Whose cross-sections: Wilms, Allen & McCray 2000, or Morrison & McCammon 1983.

    Raises
    ------
    QueryError
        If the column, its error or the redshift is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel import Absorbed, PowerLaw
    >>> seen = Absorbed(PowerLaw(2.0, 0.0), 0.1)
    >>> float(seen.photons(np.array([1.0])).round(4)[0])
    0.8222
    """

    model: SpectralModel
    nh_1e22: float
    nh_err_1e22: float = 0.0
    redshift: float = 0.0
    table: str = "tbabs"

    def __post_init__(self) -> None:
        """Raise QueryError for values that are not physical."""
        if min(self.nh_1e22, self.nh_err_1e22, self.redshift) < 0:
            raise QueryError(
                "an absorber needs a column, an error and a redshift of 0 or more; got "
                f"{self.nh_1e22} ± {self.nh_err_1e22} (1e22 cm-2) at {self.redshift}"
            )
        if self.table not in TABLES:
            cross_section(np.array([1.0]), self.table)

    def photons(self, energy_kev: np.ndarray) -> np.ndarray:
        """Return photons a keV behind the column, in the model's normalisation.

        Parameters
        ----------
        energy_kev : numpy.ndarray
            Photon energies, keV.

        Returns
        -------
        numpy.ndarray
            Photons a keV at these energies, of the same shape.

        Raises
        ------
        QueryError
            If an energy lies below the table of cross-sections.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel import Absorbed, PowerLaw
        >>> Absorbed(PowerLaw(0.0), 0.0).photons(np.array([1.0])).tolist()
        [1.0]
        """
        if self.nh_1e22 == 0:
            return self.model.photons(energy_kev)
        emitted = np.asarray(energy_kev) * (1 + self.redshift)
        depth = self.nh_1e22 * cross_section(emitted, self.table)
        return np.asarray(self.model.photons(energy_kev) * np.exp(-depth))

    def one_sigma(self) -> tuple["Absorbed", "Absorbed"]:
        """Return the model with its spectrum one sigma below and above.

        Returns
        -------
        tuple of Absorbed
            Both with the same column.

        Examples
        --------
        >>> from orbital_kernel import Absorbed, PowerLaw
        >>> low, high = Absorbed(PowerLaw(2.0, 0.5), 0.1).one_sigma()
        >>> low.model.photon_index
        1.5
        """
        low, high = self.model.one_sigma()
        return replace(self, model=low), replace(self, model=high)

    def drawn(
        self, generator: np.random.Generator, number: int
    ) -> Iterator["Absorbed"]:
        """Yield the model with spectrum and column drawn from their errors.

        Parameters
        ----------
        generator : numpy.random.Generator
            Gives the numbers.
        number : int
            How many models.

        Yields
        ------
        Absorbed
            The column is normal, and not below zero.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel import Absorbed, PowerLaw
        >>> models = Absorbed(PowerLaw(), 0.1, 0.02).drawn(np.random.default_rng(1), 3)
        >>> len(list(models))
        3
        """
        columns = generator.normal(self.nh_1e22, self.nh_err_1e22, number).clip(0)
        for model, column in zip(
            self.model.drawn(generator, number), columns, strict=True
        ):
            yield replace(self, model=model, nh_1e22=float(column), nh_err_1e22=0.0)

    def __str__(self) -> str:
        """Return spectrum, column and cross-sections."""
        error = f" ± {self.nh_err_1e22:g}" if self.nh_err_1e22 else ""
        place = f" at z = {self.redshift:g}" if self.redshift else ""
        return f"{self.model}, NH {self.nh_1e22:g}{error} x 1e22 cm-2{place} ({self.table})"


def unabsorbed(model: SpectralModel) -> SpectralModel:
    """Return the spectrum before absorption."""
    return unabsorbed(model.model) if isinstance(model, Absorbed) else model
