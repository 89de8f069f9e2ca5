"""Shape of light curves: variance, variability, hardness, flares, decay, power, trend."""

from orbital_kernel.science.shape.constancy import (
    Constancy,
    constancy,
    constancy_above,
    constancy_of_values,
)
from orbital_kernel.science.shape.decay import Decay, decay
from orbital_kernel.science.shape.document import document
from orbital_kernel.science.shape.flares import LEAST_CHANCE, flares
from orbital_kernel.science.shape.hardness import Hardness, hardness
from orbital_kernel.science.shape.hardness_of_points import (
    hardness_of_points,
    reasons_without,
)
from orbital_kernel.science.shape.periodogram import (
    Periodogram,
    periodogram,
    power_spectrum,
)
from orbital_kernel.science.shape.summary import Shape, shape_of
from orbital_kernel.science.shape.trend import Trend, seasons, states, trend
from orbital_kernel.science.shape.variability import (
    GregoryLoredo,
    gregory_loredo,
    live_times,
)
from orbital_kernel.science.shape.variance import (
    Variance,
    excess_variance,
    excess_variance_of_counts,
)

__all__ = [
    "LEAST_CHANCE",
    "Constancy",
    "Decay",
    "GregoryLoredo",
    "Hardness",
    "Periodogram",
    "Shape",
    "Trend",
    "Variance",
    "constancy",
    "constancy_above",
    "constancy_of_values",
    "decay",
    "document",
    "excess_variance",
    "excess_variance_of_counts",
    "flares",
    "gregory_loredo",
    "hardness",
    "hardness_of_points",
    "live_times",
    "periodogram",
    "power_spectrum",
    "reasons_without",
    "seasons",
    "shape_of",
    "states",
    "trend",
]
