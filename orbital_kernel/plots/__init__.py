"""Bokeh figures from frames: returned, never shown; offline, with units on every axis.

A figure of simulated rows says so in its title and across its middle. `theme.canvas`
creates every figure with the frames it draws, and reads their column `simulated`.
"""

from orbital_kernel.plots.agreement import row_agreement, time_agreement
from orbital_kernel.plots.burst_views import burst_view, burst_views
from orbital_kernel.plots.detection import detection
from orbital_kernel.plots.false_alarms import false_alarms
from orbital_kernel.plots.latency import latency
from orbital_kernel.plots.latency_course import latency_course
from orbital_kernel.plots.light_curve import light_curve
from orbital_kernel.plots.match_separations import match_separations
from orbital_kernel.plots.population import population
from orbital_kernel.plots.quality import control_chart, quality_board
from orbital_kernel.plots.rates import rates
from orbital_kernel.plots.scale import scale
from orbital_kernel.plots.sky_map import sky_map
from orbital_kernel.plots.storage import storage
from orbital_kernel.plots.theme import to_html
from orbital_kernel.plots.visibility import visibility

__all__ = [
    "burst_view",
    "burst_views",
    "control_chart",
    "detection",
    "false_alarms",
    "latency",
    "latency_course",
    "light_curve",
    "match_separations",
    "population",
    "quality_board",
    "rates",
    "row_agreement",
    "scale",
    "sky_map",
    "storage",
    "time_agreement",
    "to_html",
    "visibility",
]
