"""When a series of measurements began to differ: a step or a drift, dated by likelihood.

Two models are compared with a constant: a step before sample k, and a line that bends at
an instant. The largest log-likelihood ratio over all onsets decides; its limit
(chartlimits.py) includes that the onset is searched for and the noise is estimated. Noise
is independent and Gaussian; a correlation of neighbouring residuals lowers the statistic
and widens the interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.quality.chartlimits import limit

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_SAMPLES = 8
LEAST_SEGMENT = 3
"""Fewest samples on a side of a step: fewer would be outlying points."""
ROUNDING = 1e-9
"""Share of the largest spread below which one is rounding."""
FINE = 4
"""Onsets tried between two samples of a drift, for series of at most FINE_UP_TO samples."""
FINE_UP_TO = 400
CREDIBLE = 0.95
WINSOR_SIGMA = 4.0
MAD_TO_SIGMA = 1.4826
DAY_NS = 86_400e9


@dataclass(frozen=True)
class Change:
    """A step or a drift of a series.

    Attributes
    ----------
    kind
        'step' or 'drift'.
    since, low, high
        Onset and its 95 % interval, ns. The onset of a step is its first sample.
    size
        Height of the step, in the unit of the values, or slope of the drift per day.
    statistic, limit
        Largest log-likelihood ratio (times two), and its limit.
    """

    kind: str
    since: int
    low: int
    high: int
    size: float
    statistic: float
    limit: float


@dataclass(frozen=True)
class _Fit:
    """One model at every onset tried: onsets (days), sums of squares, sizes."""

    kind: str
    onset: Reals
    squares: Reals
    size: Reals


def change_in(
    times_ns: Ints, values: Reals, errors: Reals | None = None, *, false_alarm: float
) -> Change | None:
    """Return the step or drift of a series; None if it is constant within its noise.

    Parameters
    ----------
    times_ns, values
        The series (n,) in order of time; finite. Fewer than 8 samples show no change.
    errors
        Relative errors (n,), above 0; equal by default. Their scale is fitted.
    false_alarm
        Probability that a constant series of independent Gaussian noise shows a change.

    References
    ----------
    Page 1954, Biometrika 41, 100. Worsley 1986, Biometrika 73, 91 (likelihood ratio of
    a step and confidence set of its date). Hinkley 1971, J. Am. Stat. Assoc. 66, 736.
    """
    if values.size < LEAST_SAMPLES or not np.ptp(values):
        return None
    days = (times_ns - times_ns[0]) / DAY_NS
    weights = np.ones(values.size) if errors is None else 1 / errors**2
    weights = weights / weights.mean()
    clean = winsorised(values)
    constant = float(_squares(clean, weights))
    fits = [_step(days, clean, weights), *_drift(days, clean, weights)]
    best = min(fits, key=lambda fit: fit.squares.min())
    k = int(np.argmin(best.squares))
    free = values.size - 3
    shrink = _independence(clean - _model(best, k, days, clean, weights))
    least = max(float(best.squares[k]), 1e-12 * constant)
    statistic = shrink * free * np.log(constant / least)
    allowed = limit("change", values.size, false_alarm)
    if not statistic > allowed:
        return None
    low, high = _interval(best, shrink * free)
    if best.kind == "step":
        low = float(days[max(np.searchsorted(days, low) - 1, 0)])
    since, first, last = (
        times_ns[0] + round(day * DAY_NS) for day in (best.onset[k], low, high)
    )
    return Change(
        best.kind,
        int(since),
        int(first),
        int(last),
        float(best.size[k]),
        float(statistic),
        allowed,
    )


def winsorised(values: Reals) -> Reals:
    """Return the values (n,), isolated outliers moved to 4 sigma of their neighbours."""
    padded = np.pad(values, 2, mode="reflect")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=-1)
    away = values - median
    reach = WINSOR_SIGMA * noise_of(values)
    return np.asarray(median + np.clip(away, -reach, reach))


def noise_of(values: Reals) -> float:
    """Return the 1-sigma noise of a series by its differences: steps do not widen it."""
    steps = np.abs(np.diff(values))
    noise = MAD_TO_SIGMA * float(np.median(steps)) / np.sqrt(2)
    return float(noise or np.sqrt(np.mean(steps**2) / 2))


def _squares(values: Reals, weights: Reals) -> float:
    mean = np.sum(weights * values) / np.sum(weights)
    return float(np.sum(weights * (values - mean) ** 2))


def _step(days: Reals, values: Reals, weights: Reals) -> _Fit:
    """Return the sums of squares of a step before each sample."""
    k = np.arange(LEAST_SEGMENT, values.size - LEAST_SEGMENT + 1)
    centred = values - np.sum(weights * values) / np.sum(weights)
    weight, total = np.cumsum(weights), np.cumsum(weights * centred)
    before, after = (
        total[k - 1] / weight[k - 1],
        -total[k - 1] / (weight[-1] - weight[k - 1]),
    )
    gain = total[k - 1] ** 2 * (1 / weight[k - 1] + 1 / (weight[-1] - weight[k - 1]))
    squares = np.sum(weights * centred**2) - gain
    return _Fit("step", days[k], np.maximum(squares, 0), after - before)


def _drift(days: Reals, values: Reals, weights: Reals) -> list[_Fit]:
    """Return the sums of squares of a line that bends at each onset."""
    fine = FINE if values.size <= FINE_UP_TO else 1
    first, last = LEAST_SEGMENT - 1, values.size - LEAST_SEGMENT
    parts = np.arange(fine) / fine
    gaps = np.diff(days)[first:last, None]
    onset = np.append((days[first:last, None] + parts * gaps).ravel(), days[last])
    k = np.searchsorted(days, onset, side="right")
    middle = days.mean()
    x, tau = days - middle, onset - middle
    y = values - np.sum(weights * values) / np.sum(weights)

    def later(term: Reals) -> Reals:
        return np.append(np.cumsum((weights * term)[::-1])[::-1], 0.0)[k]

    ones, sx, sxx = later(np.ones(x.size)), later(x), later(x * x)
    sy, sxy = later(y), later(x * y)
    mean = (sx - tau * ones) / np.sum(weights)
    spread = sxx - 2 * tau * sx + tau**2 * ones - mean**2 * np.sum(weights)
    bends = spread > ROUNDING * np.max(spread, initial=0.0)  # else the line is straight
    slope = np.where(bends, sxy - tau * sy, 0.0) / np.where(bends, spread, 1.0)
    squares = np.sum(weights * y**2) - slope**2 * spread
    if not np.ptp(days):
        return []
    return [_Fit("drift", onset, np.maximum(squares, 0), slope)]


def _model(fit: _Fit, k: int, days: Reals, values: Reals, weights: Reals) -> Reals:
    """Return the best model at each sample."""
    later = np.maximum(days - fit.onset[k], 0)
    shape = (days >= fit.onset[k]).astype(np.float64) if fit.kind == "step" else later
    curve = fit.size[k] * shape
    return np.asarray(curve + np.sum(weights * (values - curve)) / np.sum(weights))


def _independence(residuals: Reals) -> float:
    """Return the share of independent samples, 1 for white noise (AR(1) otherwise)."""
    total = float(np.sum(residuals**2))
    if not total:
        return 1.0
    rho = float(np.sum(residuals[1:] * residuals[:-1])) / total
    rho = min(rho, 0.99)
    return (1 - rho) / (1 + rho) if rho > 2 / np.sqrt(residuals.size) else 1.0


def _interval(fit: _Fit, free: float) -> tuple[float, float]:
    """Return the ends of the shortest set of onsets that holds 95 % of the posterior.

    The prior is flat in time; mean and size are integrated over with g-priors, whose
    width does not depend on the onset, and the noise with Jeffreys' prior.
    """
    width = np.gradient(fit.onset) if fit.onset.size > 1 else np.ones(1)
    least = max(float(fit.squares.min()), 1e-300)
    posterior = width * (np.maximum(fit.squares, least) / least) ** (-free / 2)
    order = np.argsort(-posterior / np.maximum(width, 1e-300))
    total = np.cumsum(posterior[order])
    inside = order[: int(np.searchsorted(total, CREDIBLE * total[-1])) + 1]
    middles = (fit.onset[1:] + fit.onset[:-1]) / 2
    edges = np.concatenate([fit.onset[:1], middles, fit.onset[-1:]])
    low, high = int(inside.min()), int(inside.max())
    if fit.kind == "step":
        return float(fit.onset[low]), float(fit.onset[high])
    return float(edges[low]), float(edges[high + 1])
