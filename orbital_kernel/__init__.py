"""Orbital: store, query and analyse the data of Swift and Chandra as one.

Names are imported when first used, so that the command line answers at once.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orbital_kernel.errors import OrbitalError
    from orbital_kernel.query import Box, Cone, Polygon, Query, TimeSpan
    from orbital_kernel.science.lightcurves.bands import CountsToFlux, PowerLaw
    from orbital_kernel.session import Orbital, connect

__all__ = [
    "Box",
    "Cone",
    "CountsToFlux",
    "Orbital",
    "OrbitalError",
    "Polygon",
    "PowerLaw",
    "Query",
    "TimeSpan",
    "connect",
]

_HOMES = {
    **dict.fromkeys(
        ("Box", "Cone", "Polygon", "Query", "TimeSpan"), "orbital_kernel.query"
    ),
    **dict.fromkeys(("Orbital", "connect"), "orbital_kernel.session"),
    **dict.fromkeys(
        ("CountsToFlux", "PowerLaw"), "orbital_kernel.science.lightcurves.bands"
    ),
    "OrbitalError": "orbital_kernel.errors",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(
            f"orbital_kernel has no {name!r}; it has {', '.join(__all__)}"
        )
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Offer the public names for tab completion."""
    return __all__
