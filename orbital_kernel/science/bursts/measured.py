"""The row of a measured excursion: its peak, fluence and durations."""

import numpy as np

from orbital_kernel.science.bursts.background import LAST_S, LONG
from orbital_kernel.science.bursts.durations import durations
from orbital_kernel.science.bursts.emission import Stretch
from orbital_kernel.science.bursts.excursion import Measurement, Row, blank
from orbital_kernel.science.bursts.samples import Layout

LEAST_T90_SIGMA = 7.0
BEFORE_S = 300.0
AFTER_S = 150.0
"""How far beside an excursion its durations look for blocks and for the level."""
ENDED_S = 30.0


def measured(measurement: Measurement, shape: Layout, cause: str, why: str) -> Row:
    """Return the row of a measured excursion."""
    excess, window = measurement.excess, measurement.window
    start = float(excess.met[window.first])
    stop = float(excess.met[window.end - 1] + excess.seconds[window.end - 1])
    part = slice(measurement.first, measurement.end)
    value = excess.value[part, shape.total]
    row = blank(shape, start, stop - start, cause, why) | {
        "significance": window.sigma,
        "band": shape.bands[window.band],
        "peak": float((value / excess.seconds[part]).max()),
        "fluence": float(value.sum()),
        "background": _background(measurement, shape),
    }
    return row | (
        _durations(measurement, shape) if cause in {"burst", "unknown"} else {}
    )


def _background(measurement: Measurement, shape: Layout) -> float:
    part = slice(measurement.first, measurement.end)
    if shape.raw:
        return float(measurement.level[part].mean()) / shape.bin_s
    excess = measurement.excess
    return float(measurement.level[part].sum() / excess.seconds[part].sum())


def _durations(measurement: Measurement, shape: Layout) -> Row:
    """Return T90 and T50, or nothing if they cannot be measured.

    They cannot if the fluence is below 7 sigma or, in raw counts, the emission touches the
    first or last bin.
    """
    excess, total = measurement.excess, shape.total
    sigma = excess.sigma(measurement.first, measurement.end, total)
    cut_off = measurement.first == 0 or measurement.end >= len(excess.met)
    if sigma < LEAST_T90_SIGMA or (cut_off and shape.raw):
        return {}
    times = durations(_stretch(measurement, shape))
    return {
        "t90_s": times.t90_s,
        "t90_err_s": times.t90_err_s,
        "t90_method_err_s": times.t90_method_err_s,
        "t50_s": times.t50_s,
        "t90_start_s": times.t90_start - float(excess.met[measurement.window.first]),
    }


def _stretch(measurement: Measurement, shape: Layout) -> Stretch:
    """Return the bins around an excursion that its durations are measured in."""
    excess, total = measurement.excess, shape.total
    met = excess.met
    low = int(np.searchsorted(met, measurement.start - BEFORE_S))
    low = max(low, measurement.lowest)
    high = int(np.searchsorted(met, measurement.stop + AFTER_S))
    variance = excess.variance[:, total]
    if shape.raw:
        held = np.flatnonzero(variance > 0)
        low, high = max(low, int(held[0])), min(high, int(held[-1]) + 1)
    tail = high
    lasts = measurement.stop - measurement.start
    if not shape.raw and met[-1] - measurement.stop < ENDED_S and lasts > LONG * LAST_S:
        tail = int(np.searchsorted(met, met[-1] - LAST_S))
    part = slice(low, high)
    return Stretch(
        met[part],
        excess.seconds[part],
        excess.value[part, total],
        variance[part],
        excess.drift[part, total],
        measurement.first - low,
        measurement.end - low,
        shape.raw,
        tail - low,
    )
