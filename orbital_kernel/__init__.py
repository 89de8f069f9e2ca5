"""Orbital: store, query and analyse the data of Swift and Chandra as one.

These are the names for users and notebooks. They are imported when first used, so that
the command line answers at once.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orbital_kernel import plots, reports
    from orbital_kernel.errors import OrbitalError
    from orbital_kernel.query import (
        Box,
        Cone,
        Polygon,
        Query,
        TimeSpan,
        advice,
        latency,
    )
    from orbital_kernel.science import population, shape
    from orbital_kernel.science.bursts import calibration
    from orbital_kernel.science.lightcurves import CountsToFlux
    from orbital_kernel.science.spectra import Absorbed, BlackBody, PowerLaw
    from orbital_kernel.session import Orbital, connect
    from orbital_kernel.storage import cost
    from orbital_kernel.storage.growth import forecast, growth
    from orbital_kernel.storage.health.alerts import Alerts
    from orbital_kernel.storage.health.checks import Check, health_of

__all__ = [
    "Absorbed",
    "Alerts",
    "BlackBody",
    "Box",
    "Check",
    "Cone",
    "CountsToFlux",
    "Orbital",
    "OrbitalError",
    "Polygon",
    "PowerLaw",
    "Query",
    "TimeSpan",
    "advice",
    "calibration",
    "connect",
    "cost",
    "forecast",
    "growth",
    "health_of",
    "latency",
    "observatory_kit",
    "plots",
    "population",
    "reports",
    "shape",
]

_HOMES = {
    **dict.fromkeys(
        ("Box", "Cone", "Polygon", "Query", "TimeSpan"), "orbital_kernel.query"
    ),
    **dict.fromkeys(
        ("Absorbed", "BlackBody", "PowerLaw"), "orbital_kernel.science.spectra"
    ),
    "CountsToFlux": "orbital_kernel.science.lightcurves",
    **dict.fromkeys(("Orbital", "connect"), "orbital_kernel.session"),
    **dict.fromkeys(("Check", "health_of"), "orbital_kernel.storage.health.checks"),
    "Alerts": "orbital_kernel.storage.health.alerts",
    "OrbitalError": "orbital_kernel.errors",
}
_MODULES = {
    "advice": "orbital_kernel.query.advice",
    "calibration": "orbital_kernel.science.bursts.calibration",
    "cost": "orbital_kernel.storage.cost",
    "forecast": "orbital_kernel.storage.growth.forecast",
    "growth": "orbital_kernel.storage.growth.growth",
    "latency": "orbital_kernel.query.latency",
    "observatory_kit": "orbital_kernel.commands.observatory_kit",
    "plots": "orbital_kernel.plots",
    "population": "orbital_kernel.science.population",
    "reports": "orbital_kernel.reports",
    "shape": "orbital_kernel.science.shape",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name not in _HOMES:
        raise AttributeError(
            f"orbital_kernel has no {name!r}; it has {', '.join(__all__)}"
        )
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Offer the public names for tab completion."""
    return __all__
