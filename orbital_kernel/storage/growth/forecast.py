"""Forecast of the time at which use reaches a limit, with a confidence interval.

The model is a random walk with drift: between samples, use grows by rate x time plus a
scatter whose variance is proportional to time. Rate and scatter are estimated from the
increments; the interval includes future scatter and the error of the rate. Daily rhythms
and campaigns are not modelled; they widen the interval.
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
    """Use of a quota in bytes at a time in seconds since 1970, UTC."""

    time_s: float
    used_bytes: int


@dataclass(frozen=True)
class Trend:
    """Growth of use, estimated from samples.

    Attributes
    ----------
    rate, rate_err : float
        Growth and its 1-sigma error, in bytes/s.
    scatter : float
        Variance of the use per unit of time, in bytes**2/s.
    span_s : float
        Time between the first and the last sample, in s.
    samples : int
        Number of samples.
    used_bytes : int
        Use at the last sample, in bytes.
    time_s : float
        Time of the last sample, in seconds since 1970, UTC.
    """

    rate: float
    rate_err: float
    scatter: float
    span_s: float
    samples: int
    used_bytes: int
    time_s: float


@dataclass(frozen=True)
class Reach:
    """Seconds from `Trend.time_s` until a limit is reached; None if beyond ten years."""

    early_s: float | None
    likely_s: float | None
    late_s: float | None
    confidence: float


def trend(samples: Sequence[Sample]) -> Trend | None:
    """Return the growth of use, estimated from samples.

    Parameters
    ----------
    samples : sequence of Sample
        At least three with different times; the order is free.

    Returns
    -------
    Trend or None
        None if fewer than three samples have different times.

    Examples
    --------
    >>> from orbital_kernel.storage.growth.forecast import Sample, trend
    >>> days = range(10)
    >>> growth = trend([Sample(86400.0 * day, 10**9 * day) for day in days])
    >>> round(growth.rate * 86400 / 1e9, 6)
    1.0
    """
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
    """Return when use reaches a limit, with a confidence interval.

    Parameters
    ----------
    fitted : Trend
        The growth of use.
    limit_bytes : int
        The limit, in bytes.
    confidence : float, default 0.9
        Probability that the time is in the interval.

    Returns
    -------
    Reach
        Early, likely and late time in s after `fitted.time_s`; None beyond ten years.

    Examples
    --------
    >>> from orbital_kernel.storage.growth.forecast import Sample, reach, trend
    >>> days = range(10)
    >>> steady = trend([Sample(86400.0 * day, 10**9 * day) for day in days])
    >>> round(reach(steady, 19 * 10**9).likely_s / 86400, 6)
    10.0
    """
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
    """Return the first time at which use is at the limit, up to ten years ahead."""
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
