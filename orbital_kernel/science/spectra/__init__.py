"""Spectra: the models by which a flux of one band becomes one of another."""

from orbital_kernel.science.spectra.continua import (
    Band,
    BlackBody,
    PowerLaw,
    SpectralModel,
    energy_flux,
    photon_flux,
)
from orbital_kernel.science.spectra.quoted import quoted_model

__all__ = [
    "Band",
    "BlackBody",
    "PowerLaw",
    "SpectralModel",
    "energy_flux",
    "photon_flux",
    "quoted_model",
]
