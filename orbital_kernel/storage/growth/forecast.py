"""When a limit will be reached, from samples of use, with an interval; pure.

Use is taken for a walk with drift: between samples it grows by rate x time plus a
scatter whose variance grows with time. Rate and scatter come from the increments; the
interval holds both the scatter to come and the error of the rate. Daily rhythms and
campaigns widen it, they are not modelled.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

FARTHEST_S = 10 * 365.25 * 86400
BISECTIONS = 50


@dataclass(frozen=True)
class Sample:
    """Use of a quota at a time (seconds since 1970, UTC), in bytes."""

    time_s: float
    used_bytes: int


@dataclass(frozen=True)
class Trend:
    """Growth of use: bytes/s with its 1-sigma error, and scatter in bytes**2/s."""

    rate: float
    rate_err: float
    scatter: float
    span_s: float
    samples: int
    used_bytes: int
    time_s: float


@dataclass(frozen=True)
class Reach:
    """Seconds from `Trend.time_s` until a limit is reached; None is beyond ten years."""

    early_s: float | None
    likely_s: float | None
    late_s: float | None
    confidence: float


def trend(samples: Sequence[Sample]) -> Trend | None:
    """Return the trend of samples in order of time, None where fewer than three differ."""
    ordered = sorted(samples, key=lambda sample: sample.time_s)
    steps = [
        (after.time_s - before.time_s, after.used_bytes - before.used_bytes)
        for before, after in pairwise(ordered)
        if after.time_s > before.time_s
    ]
    if len(steps) < 2:
        return None
    span = sum(seconds for seconds, _ in steps)
    rate = sum(grown for _, grown in steps) / span
    scatter = sum((grown - rate * s) ** 2 / s for s, grown in steps) / (len(steps) - 1)
    return Trend(
        rate=rate,
        rate_err=math.sqrt(scatter / span),
        scatter=scatter,
        span_s=span,
        samples=len(ordered),
        used_bytes=ordered[-1].used_bytes,
        time_s=ordered[-1].time_s,
    )


def reach(fitted: Trend, limit_bytes: int, *, confidence: float = 0.9) -> Reach:
    """Return when use reaches a limit, with the interval of that confidence."""
    sigmas = NormalDist().inv_cdf(0.5 + confidence / 2)

    def use(sign: float) -> Callable[[float], float]:
        def at(seconds: float) -> float:
            spread = fitted.scatter * (seconds + seconds**2 / fitted.span_s)
            return fitted.used_bytes + fitted.rate * seconds + sign * math.sqrt(spread)

        return at

    return Reach(
        early_s=_first(use(sigmas), limit_bytes),
        likely_s=_first(use(0.0), limit_bytes),
        late_s=_first(use(-sigmas), limit_bytes),
        confidence=confidence,
    )


def _first(use: Callable[[float], float], limit: float) -> float | None:
    """Return the first time use is at the limit; looked for from seconds to ten years."""
    if use(0.0) >= limit:
        return 0.0
    low, high = 0.0, 1.0
    while use(high) < limit:
        if high >= FARTHEST_S:
            return None
        low, high = high, min(high * 1.5, FARTHEST_S)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if use(middle) >= limit else (middle, high)
    return high
