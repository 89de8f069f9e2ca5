"""Light curves: binned, exposed, and of several observatories in one unit and band."""

from orbital_kernel.science.lightcurves.assembly import (
    gather,
    joint,
    left_out,
    points_of_rates,
)
from orbital_kernel.science.lightcurves.bands import (
    Conversion,
    CountsToFlux,
    conversion,
    parse_unit,
)
from orbital_kernel.science.lightcurves.binning import rebin
from orbital_kernel.science.lightcurves.dating import dated, is_local
from orbital_kernel.science.lightcurves.exposure import (
    EXPOSED,
    live_seconds,
    merged,
    overlaps,
)
from orbital_kernel.science.lightcurves.photons import bin_events
from orbital_kernel.science.lightcurves.spectra import (
    Band,
    BlackBody,
    PowerLaw,
    SpectralModel,
    energy_flux,
    photon_flux,
)

__all__ = [
    "EXPOSED",
    "Band",
    "BlackBody",
    "Conversion",
    "CountsToFlux",
    "PowerLaw",
    "SpectralModel",
    "bin_events",
    "conversion",
    "dated",
    "energy_flux",
    "gather",
    "is_local",
    "joint",
    "left_out",
    "live_seconds",
    "merged",
    "overlaps",
    "parse_unit",
    "photon_flux",
    "points_of_rates",
    "rebin",
]
