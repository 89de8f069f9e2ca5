"""Hardness ratios of few counts: the Bayesian posterior, with a background."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.counting import SIGMA

Reals = NDArray[np.float64]
SAMPLES = 20_000
SEED = 2006


@dataclass(frozen=True)
class Hardness:
    """Hardness of a source, each value with the bounds of its interval.

    Parameters
    ----------
    ratio, ratio_low, ratio_high : float
        (H - S) / (H + S), from -1 to 1: mean of the posterior and its central interval.
    colour, colour_low, colour_high : float
        log10(S / H): median of the posterior and its interval.
    confidence : float
        Probability of the intervals.

    Examples
    --------
    >>> from orbital_kernel.science.shape import hardness
    >>> abs(hardness(50, 50).ratio) < 0.02
    True
    """

    ratio: float
    ratio_low: float
    ratio_high: float
    colour: float
    colour_low: float
    colour_high: float
    confidence: float


def hardness(
    soft: int,
    hard: int,
    *,
    soft_off: int = 0,
    hard_off: int = 0,
    ratio: float | tuple[float | None, float | None] | None = None,
    exposure: float = 1.0,
    confidence: float = SIGMA,
    prior_index: float = 1.0,
) -> Hardness:
    """Return the posterior of the hardness ratio of two bands.

    Parameters
    ----------
    soft, hard
        Counts in the source region.
    soft_off, hard_off
        Counts in the background region.
    ratio
        Area times exposure of the source region over those of the background region, one
        for both bands or (soft, hard); without background None.
    exposure
        Exposure (or effective area) of the hard band over that of the soft one.
    confidence
        Probability of the intervals; 1 sigma by default.
    prior_index
        Index of the gamma prior of each rate: 1 (default) is flat, 0.5 is Jeffreys', whose
        intervals cover less often than claimed where a background dominates.

    Returns
    -------
    Hardness
        Ratio and colour with their intervals.

    Raises
    ------
    QueryError
        If counts are negative, or a background has no ratio.

    References
    ----------
    Park et al. 2006, ApJ 652, 610, eqs. 4 to 11 (BEHR); sampled here exactly, as the
    background can be marginalised in closed form.

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> colour = shape.hardness(30, 10, soft_off=20, hard_off=20, ratio=0.1)
    >>> colour.ratio_low < -0.5 < colour.ratio_high
    True
    """
    of_soft, of_hard = ratio if isinstance(ratio, tuple) else (ratio, ratio)
    if min(soft, hard, soft_off, hard_off) < 0 or (
        (of_soft is None and soft_off) or (of_hard is None and hard_off)
    ):
        raise QueryError(
            "a hardness needs counts >= 0, and with background counts their `ratio`; got "
            f"{soft}, {hard}, background {soft_off}, {hard_off}, ratio {ratio}"
        )
    rng = np.random.default_rng(SEED)
    s = _rates(rng, soft, soft_off, of_soft, prior_index)
    h = _rates(rng, hard, hard_off, of_hard, prior_index) / exposure
    sampled, colour = (
        (h - s) / (h + s),
        np.log10(np.maximum(s, 1e-300) / np.maximum(h, 1e-300)),
    )
    ends = [(1 - confidence) / 2, 0.5, (1 + confidence) / 2]
    low, _, high = (float(q) for q in np.quantile(sampled, ends))
    blue, middle, red = (float(q) for q in np.quantile(colour, ends))
    return Hardness(float(sampled.mean()), low, high, middle, blue, red, confidence)


def _rates(
    rng: np.random.Generator, on: int, off: int, ratio: float | None, prior: float
) -> Reals:
    """Return samples of the posterior of a source's mean counts.

    It is a mixture of gamma distributions: i of the `on` counts are the source's.
    """
    from scipy import special

    if ratio is None or on == 0:
        return rng.gamma(on + prior, size=SAMPLES)
    i = np.arange(on + 1)
    log_weight = (
        -special.gammaln(i + 1)
        - special.gammaln(on - i + 1)
        + special.gammaln(i + prior)
        + special.gammaln(on - i + off + prior)
        + i * np.log1p(1 / ratio)
    )
    weight = np.exp(log_weight - special.logsumexp(log_weight))
    return rng.gamma(rng.choice(on + 1, SAMPLES, p=weight / weight.sum()) + prior)
