"""Calibration of the burst detector: false alarms, completeness, thresholds."""

from orbital_kernel.science.bursts.calibration.error_rates import (
    completeness,
    exposure_s,
    false_alarms,
    inverted,
    not_catalogued,
    quiet,
    threshold_for,
)
from orbital_kernel.science.bursts.calibration.injection import (
    SHAPES,
    Pulse,
    Truth,
    inject,
    place,
    truth,
)
from orbital_kernel.science.bursts.calibration.noise import noise_series
from orbital_kernel.science.bursts.calibration.thresholds import (
    DEFAULT_PER_DAY,
    KINDS,
    TRIED,
    Calibration,
    curve,
    packaged,
)

__all__ = [
    "DEFAULT_PER_DAY",
    "KINDS",
    "SHAPES",
    "TRIED",
    "Calibration",
    "Pulse",
    "Truth",
    "completeness",
    "curve",
    "exposure_s",
    "false_alarms",
    "inject",
    "inverted",
    "noise_series",
    "not_catalogued",
    "packaged",
    "place",
    "quiet",
    "threshold_for",
    "truth",
]
