"""What the values of a light curve are brought to: unit, band, spectrum, absorption."""

from collections.abc import Mapping
from dataclasses import dataclass

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves.bands import CountsToFlux
from orbital_kernel.science.lightcurves.flux_units import is_flux_density
from orbital_kernel.science.lightcurves.point_bands import require_target
from orbital_kernel.science.spectra import Band, SpectralModel, galactic_nh_1e22

FLUX = "erg / (cm2 s)"
XRT_BAND = (0.3, 10.0)
ONE_KEV = (1.0, 1.0)
GALACTIC, STATES = "galactic", ("absorbed", "unabsorbed")
LEAST_NH = 1e17


@dataclass(frozen=True)
class Scale:
    """What the values of a curve are brought to; without a unit each keeps its own."""

    unit: str | None = None
    band_kev: tuple[float, float] | None = None
    model: SpectralModel | None = None
    counts_to_flux: Mapping[str, CountsToFlux] | None = None
    nh: float | str | None = None
    absorption: str | None = None

    @property
    def target(self) -> str | None:
        """The unit to convert to: a band, a model, … ask for an energy flux."""
        spectrum = (self.model, self.counts_to_flux, self.nh, self.absorption)
        asks = (self.band_kev, *spectrum)
        return self.unit or (FLUX if any(asks) else None)

    @property
    def band(self) -> tuple[float, float]:
        """The band to convert to; of a flux density 1 keV by default."""
        if self.band_kev is not None:
            return self.band_kev
        density = self.target and is_flux_density(self.target)
        return ONE_KEV if density else XRT_BAND

    def require(self) -> None:
        """Raise QueryError if points cannot be brought to it."""
        if self.target is not None:
            require_target(self.target, Band(*self.band))
        if self.absorption not in (None, *STATES):
            raise QueryError(
                f"absorption is one of {', '.join(STATES)}; got {self.absorption!r}"
            )
        if isinstance(self.nh, str) and self.nh != GALACTIC:
            raise QueryError(f"nh is a column in cm-2 or {GALACTIC!r}; got {self.nh!r}")
        if isinstance(self.nh, float | int) and self.nh and self.nh < LEAST_NH:
            raise QueryError(
                f"nh is in cm-2, as in 1.7e20; got {self.nh:g}, which absorbs nothing"
            )

    def nh_1e22(self, position: tuple[float, float] | None) -> float | None:
        """Return the column of hydrogen, 1e22 cm-2; QueryError if it needs a position."""
        if self.nh is None or isinstance(self.nh, float | int):
            return None if self.nh is None else self.nh / 1e22
        if position is None:
            raise QueryError(
                "no table has a position of the object, so the Galactic column is not "
                "known: give nh in cm-2"
            )
        return galactic_nh_1e22(*position)
