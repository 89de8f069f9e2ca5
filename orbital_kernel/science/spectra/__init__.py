"""Spectra: the models by which a flux of one band becomes one of another."""

from orbital_kernel.science.spectra.absorbed import Absorbed, unabsorbed
from orbital_kernel.science.spectra.continua import (
    Band,
    BlackBody,
    PowerLaw,
    SpectralModel,
    energy_flux,
    photon_flux,
)
from orbital_kernel.science.spectra.cross_sections import cross_section
from orbital_kernel.science.spectra.galactic import galactic_nh_1e22
from orbital_kernel.science.spectra.quoted import quoted_model

__all__ = [
    "Absorbed",
    "Band",
    "BlackBody",
    "PowerLaw",
    "SpectralModel",
    "cross_section",
    "energy_flux",
    "galactic_nh_1e22",
    "photon_flux",
    "quoted_model",
    "unabsorbed",
]
