"""Widgets over Orbital's queries: one Selection, controls that write it, views of what came back.

Nothing here knows the store: a widget is handed what it queries through.
"""

from orbital_widgets.explorer import Explorer
from orbital_widgets.health_panel import HealthPanel
from orbital_widgets.results import Outcome, Results
from orbital_widgets.selection import Selection
from orbital_widgets.setup import setup

__all__ = ["Explorer", "HealthPanel", "Outcome", "Results", "Selection", "setup"]
