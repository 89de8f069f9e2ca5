"""Who can see a place on the sky, and when."""

from orbital_kernel.science.visibility.planning import ASSUMPTIONS, Plan, plan
from orbital_kernel.science.visibility.ranking import coverage, field_radius_arcmin
from orbital_kernel.science.visibility.satellite import (
    Elements,
    Orbit,
    elements,
    orbit,
)
from orbital_kernel.science.visibility.windows import STEP_MIN

__all__ = [
    "ASSUMPTIONS",
    "STEP_MIN",
    "Elements",
    "Orbit",
    "Plan",
    "coverage",
    "elements",
    "field_radius_arcmin",
    "orbit",
    "plan",
]
