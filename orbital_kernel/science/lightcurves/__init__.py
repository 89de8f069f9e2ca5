"""Light curves: binned, exposed, and of several observatories in one unit and band."""

from orbital_kernel.science.lightcurves.assembly import joint, left_out
from orbital_kernel.science.lightcurves.averaging import averaged
from orbital_kernel.science.lightcurves.bands import (
    Conversion,
    CountsToFlux,
    conversion,
)
from orbital_kernel.science.lightcurves.binning import rebin
from orbital_kernel.science.lightcurves.dating import dated, is_local, t0_of_files
from orbital_kernel.science.lightcurves.exposure import (
    EXPOSED,
    live_seconds,
    merged,
    merged_by,
    overlaps,
)
from orbital_kernel.science.lightcurves.flux_units import is_flux_density, parse_unit
from orbital_kernel.science.lightcurves.gathering import gather, points_of_rates
from orbital_kernel.science.lightcurves.model_files import model_file
from orbital_kernel.science.lightcurves.photons import bin_events
from orbital_kernel.science.lightcurves.point_bands import require_target
from orbital_kernel.science.lightcurves.point_errors import with_rates_of_limits
from orbital_kernel.science.lightcurves.response_factors import factor_of_response
from orbital_kernel.science.lightcurves.restframe import with_rest_frame
from orbital_kernel.science.spectra import (
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
    "averaged",
    "bin_events",
    "conversion",
    "dated",
    "energy_flux",
    "factor_of_response",
    "gather",
    "is_flux_density",
    "is_local",
    "joint",
    "left_out",
    "live_seconds",
    "merged",
    "merged_by",
    "model_file",
    "overlaps",
    "parse_unit",
    "photon_flux",
    "points_of_rates",
    "rebin",
    "require_target",
    "t0_of_files",
    "with_rates_of_limits",
    "with_rest_frame",
]
