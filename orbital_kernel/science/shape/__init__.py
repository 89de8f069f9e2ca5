"""Shape of light curves: variance, variability, hardness, flares, decay, power, trend."""

from orbital_kernel.science.shape.flares import LEAST_CHANCE, flares

__all__ = ["LEAST_CHANCE", "flares"]
