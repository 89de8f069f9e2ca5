"""T90 and T50: the times within which 90 % and 50 % of a burst's fluence arrive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Durations:
    """Durations in s, the start of T90 on the clock of the bins."""

    t90_s: float
    t90_err_s: float
    t90_start: float
    t50_s: float


def durations(
    met: Floats, seconds: Floats, excess: Floats, variance: Floats
) -> Durations:
    """Return T90 and T50 of bins (n,) that hold all of a burst and nothing else.

    `met` and `seconds` are in s, `excess` and `variance` per bin. The error combines the
    noise of the fluence before each edge with the width of its bin.
    """
    total = np.concatenate(([0.0], np.cumsum(excess)))
    spread = np.concatenate(([0.0], np.cumsum(variance)))
    edges = np.append(met, met[-1] + seconds[-1])
    start, start_err = _crossing(0.05, edges, total, spread)
    stop, stop_err = _crossing(0.95, edges, total, spread)
    quarter, _ = _crossing(0.25, edges, total, spread)
    three, _ = _crossing(0.75, edges, total, spread)
    return Durations(
        t90_s=stop - start,
        t90_err_s=float(np.hypot(start_err, stop_err)),
        t90_start=start,
        t50_s=max(three - quarter, 0.0),
    )


def _crossing(
    part: float, edges: Floats, total: Floats, spread: Floats
) -> tuple[float, float]:
    """Return when the fluence first reaches a part of its total, and the error in s."""
    level = part * total[-1]
    k = int(np.argmax(total[1:] >= level)) + 1
    width = edges[k] - edges[k - 1]
    rise = max(total[k] - total[k - 1], 1e-300)
    when = edges[k - 1] + width * min(max((level - total[k - 1]) / rise, 0.0), 1.0)
    low, high = max(k - 3, 0), min(k + 2, len(total) - 1)
    rate = (total[high] - total[low]) / (edges[high] - edges[low])
    variance = spread[k] * (1 - 2 * part) + part**2 * spread[-1]
    span = edges[-1] - edges[0]
    error = np.sqrt(max(variance, 0.0)) / rate if rate > 0 else span
    return float(when), float(min(np.hypot(error, width / np.sqrt(12)), span))
