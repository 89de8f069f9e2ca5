"""Lags between two unevenly sampled series, with intervals and chance probabilities."""

from orbital_kernel.science.correlation.dcf import dcf
from orbital_kernel.science.correlation.estimates import METHODS
from orbital_kernel.science.correlation.iccf import iccf
from orbital_kernel.science.correlation.lags import Lag, lag
from orbital_kernel.science.correlation.rednoise import red_noise
from orbital_kernel.science.correlation.zdcf import zdcf

__all__ = ["METHODS", "Lag", "dcf", "iccf", "lag", "red_noise", "zdcf"]
