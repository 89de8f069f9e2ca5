"""Data quality: checks with unit, limits and their origin, charts that date a change, gates."""

from orbital_kernel.science.quality.arrivals import Arrivals
from orbital_kernel.science.quality.astrometry import Astrometry
from orbital_kernel.science.quality.charts import Chart, chart
from orbital_kernel.science.quality.check import (
    STATES,
    WORST_FIRST,
    Check,
    Judged,
    Limits,
    Measured,
    judged,
)
from orbital_kernel.science.quality.clocks import Clocks
from orbital_kernel.science.quality.contradictions import Contradictions
from orbital_kernel.science.quality.dating import Change, change_in
from orbital_kernel.science.quality.ends import Ends
from orbital_kernel.science.quality.frame_fits import FrameFit, fitted
from orbital_kernel.science.quality.gates import Spell, marked, require_good
from orbital_kernel.science.quality.grid import Grid
from orbital_kernel.science.quality.intervals import Intervals
from orbital_kernel.science.quality.points import CALIBRATORS, Points
from orbital_kernel.science.quality.rates import Rates
from orbital_kernel.science.quality.registry import CHECKS
from orbital_kernel.science.quality.rows import board, checks
from orbital_kernel.science.quality.values import Values

__all__ = [
    "CALIBRATORS",
    "CHECKS",
    "STATES",
    "WORST_FIRST",
    "Arrivals",
    "Astrometry",
    "Change",
    "Chart",
    "Check",
    "Clocks",
    "Contradictions",
    "Ends",
    "FrameFit",
    "Grid",
    "Intervals",
    "Judged",
    "Limits",
    "Measured",
    "Points",
    "Rates",
    "Spell",
    "Values",
    "board",
    "change_in",
    "chart",
    "checks",
    "fitted",
    "judged",
    "marked",
    "require_good",
]
