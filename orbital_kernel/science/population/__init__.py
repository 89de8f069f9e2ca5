"""The population of bursts in four views: rate, hardness, fluence, redshift."""

from orbital_kernel.science.population.view import View
from orbital_kernel.science.population.views import (
    SHORT_S,
    bursts,
    distribution,
    hardness,
    hardness_ratio,
    rate_by_year,
    redshifts,
    views,
)

__all__ = [
    "SHORT_S",
    "View",
    "bursts",
    "distribution",
    "hardness",
    "hardness_ratio",
    "rate_by_year",
    "redshifts",
    "views",
]
