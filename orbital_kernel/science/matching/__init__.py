"""Sources and pointings of two observatories matched: on the sky, and in time."""

from orbital_kernel.science.matching.candidates import cross_match
from orbital_kernel.science.matching.errorcircles import (
    assume_errors,
    covariances,
    sigmas_in_radius,
)
from orbital_kernel.science.matching.identity import Identity, objects, plain
from orbital_kernel.science.matching.pairs import pairs_in_time
from orbital_kernel.science.matching.skyjoin import neighbours

__all__ = [
    "Identity",
    "assume_errors",
    "covariances",
    "cross_match",
    "neighbours",
    "objects",
    "pairs_in_time",
    "plain",
    "sigmas_in_radius",
]
