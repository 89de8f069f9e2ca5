"""Bursts in series of rates: frames in, frames out; one pass, every timescale."""

from orbital_kernel.science.bursts.detector import Detector, scan
from orbital_kernel.science.bursts.excursion import Trigger
from orbital_kernel.science.bursts.matches import match
from orbital_kernel.science.bursts.settings import Settings

__all__ = ["Detector", "Settings", "Trigger", "match", "scan"]
