"""Bounds and limits of counts with a background counted in another region or time.

The background is marginalised (Loredo 1992), or profiled for many counts.
"""

import numpy as np
from numpy.typing import ArrayLike

from orbital_kernel.science.counting import LIMIT, SIGMA, Bounds, Reals

MOST_TERMS = 400
_HALVINGS = 48


def on_off_bounds(
    counts: ArrayLike, off: ArrayLike, ratio: ArrayLike, confidence: float = SIGMA
) -> Bounds:
    """Return bounds of a source's mean with a background counted elsewhere.

    Parameters
    ----------
    counts
        Counts (n,) in the source region.
    off
        Counts (n,) in the background region.
    ratio
        Area times exposure of the source region over those of the background region.
    confidence
        Least coverage of the interval; 1 sigma by default.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bounds (n,), counts of the source: those of `source_bounds` with
        the background marginalised. The lower is 0 where `chance` exceeds half of
        1 - confidence. Above 400 counts they are those of the profile likelihood.

    Examples
    --------
    >>> from orbital_kernel.science.on_off import on_off_bounds
    >>> low, high = on_off_bounds([10], [20], [0.1])
    >>> low.round(1).tolist(), high.round(1).tolist()
    ([4.8], [12.2])

    References
    ----------
    Cousins, Linnemann & Tucker 2008, NIM A 595, 480, section 4 (lower); Loredo 1992, in
    Statistical Challenges in Modern Astronomy, p. 275, eqs. 5.13 and 5.14 (upper).
    """
    return _bounds((counts, off, ratio), (1 + confidence) / 2, has_low=True)


def on_off_limit(
    counts: ArrayLike, off: ArrayLike, ratio: ArrayLike, confidence: float = LIMIT
) -> Reals:
    """Return the upper limits (n,) of a source's mean with a counted background, counts.

    Parameters
    ----------
    counts
        Counts (n,) in the source region.
    off
        Counts (n,) in the background region.
    ratio
        Area times exposure of the source region over those of the background region.
    confidence
        Confidence of the limit.

    Returns
    -------
    numpy.ndarray
        Upper limits (n,), counts.

    Examples
    --------
    >>> from orbital_kernel.science.on_off import on_off_limit
    >>> on_off_limit([0, 5], 10, 0.1, 0.95).round(2).tolist()
    [3.0, 9.44]

    References
    ----------
    Loredo 1992, in Statistical Challenges in Modern Astronomy, p. 275, eq. 5.14.
    """
    return _bounds((counts, off, ratio), confidence, has_low=False)[1]


def chance(counts: ArrayLike, off: ArrayLike, ratio: ArrayLike) -> Reals:
    """Return the probability (n,) that the background alone gives so many counts.

    Parameters
    ----------
    counts
        Counts (n,) in the source region.
    off
        Counts (n,) in the background region.
    ratio
        Area times exposure of the source region over those of the background region.

    Returns
    -------
    numpy.ndarray
        Probabilities (n,).

    Examples
    --------
    >>> from orbital_kernel.science.on_off import chance
    >>> chance([0, 5], 10, 0.1).round(2).tolist()
    [1.0, 0.01]

    References
    ----------
    Przyborowski & Wilenski 1940, Biometrika 31, 313; Cousins, Linnemann & Tucker 2008,
    NIM A 595, 480, eq. 14.
    """
    from scipy import special

    n, m, a = np.broadcast_arrays(
        *(np.asarray(x, np.float64) for x in (counts, off, ratio))
    )
    return np.where(n > 0, special.betainc(np.maximum(n, 1), m + 1, a / (1 + a)), 1.0)


def _bounds(
    given: tuple[ArrayLike, ArrayLike, ArrayLike], share: float, *, has_low: bool
) -> Bounds:
    """Return the bounds of cases (counts, off, ratio) above which 1 - share remains.

    The lower bounds are 0 unless they are asked for.
    """
    from scipy import special

    from orbital_kernel.science import on_off_sums  # with numba

    cases = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in given))
    shape = cases[0].shape
    on, off, ratio = (case.ravel() for case in cases)
    low, high = np.zeros(on.size), np.zeros(on.size)
    many = on > MOST_TERMS
    if many.any():
        parts = (on[many], off[many], ratio[many])
        low[many], high[many] = _profile(*parts, confidence=2 * share - 1)
    parts = (on[~many], off[~many], ratio[~many])
    most = special.gammainccinv(parts[0] + 1, 1 - share)
    high[~many] = on_off_sums.highest(*parts, share, most)
    if has_low:
        is_source = chance(*parts) < 1 - share
        low[~many] = on_off_sums.lowest(*parts, 1 - share, is_source)
    return low.reshape(shape), high.reshape(shape)


def _profile(on: Reals, off: Reals, ratio: Reals, *, confidence: float) -> Bounds:
    """Return where -2 ln of the profile likelihood ratio is the square of z."""
    from scipy import special

    z = special.ndtri((1 + confidence) / 2)
    net, spread = on - ratio * off, np.sqrt(on + ratio**2 * (off + 1))

    def deviance(s: Reals) -> Reals:
        # the background that is likeliest with s: the positive root of a quadratic
        p = ratio * (on + off) - (1 + ratio) * s
        b = (p + np.sqrt(p**2 + 4 * ratio * (1 + ratio) * off * s)) / (2 * (1 + ratio))
        b = np.maximum(b, 1e-300)
        fit = (
            special.xlogy(on, s + b) - s - b + special.xlogy(off, b / ratio) - b / ratio
        )
        best = special.xlogy(on, on) - on + special.xlogy(off, off) - off
        return np.asarray(2 * (best - fit))

    def root(outer: Reals) -> Reals:
        inner = np.maximum(net, 0.0)
        base = np.where(net < 0, deviance(np.zeros_like(net)), 0.0)
        for _ in range(_HALVINGS):
            middle = (inner + outer) / 2
            beyond = deviance(middle) - base > z**2
            inner, outer = (
                np.where(beyond, inner, middle),
                np.where(beyond, middle, outer),
            )
        return (inner + outer) / 2

    low = root(np.maximum(net - (z + 5) * spread, 0.0))
    low = np.where(low < 1e-6 * spread, 0.0, low)
    return low, root(np.maximum(net, 0) + (z + 5) * spread + 10)
