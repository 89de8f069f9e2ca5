"""Who can see a place on the sky, and when; imported when used, as astropy is slow to load."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    **dict.fromkeys(("ASSUMPTIONS", "Plan", "plan"), "planning"),
    **dict.fromkeys(("coverage", "field_radius_arcmin"), "ranking"),
    **dict.fromkeys(("Elements", "Orbit", "elements", "orbit"), "satellite"),
    "STEP_MIN": "windows",
}


def __getattr__(name: str) -> Any:
    """Import a name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"{__name__} has no {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
