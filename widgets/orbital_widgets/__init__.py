"""Widgets over Orbital's queries: one Selection, controls that write it, views of the answer.

Nothing here imports the database: a widget receives the functions that it queries with.
"""

from orbital_widgets.aladin_view import aladin
from orbital_widgets.burst_monitor import BurstMonitor
from orbital_widgets.explorer import Explorer
from orbital_widgets.health_panel import HealthPanel
from orbital_widgets.light_curve_explorer import LightCurveExplorer
from orbital_widgets.quality_board import QualityBoard
from orbital_widgets.results import Outcome, Results
from orbital_widgets.selection import Selection
from orbital_widgets.setup import setup
from orbital_widgets.storage_dashboard import StorageDashboard

__all__ = [
    "BurstMonitor",
    "Explorer",
    "HealthPanel",
    "LightCurveExplorer",
    "Outcome",
    "QualityBoard",
    "Results",
    "Selection",
    "StorageDashboard",
    "aladin",
    "setup",
]
