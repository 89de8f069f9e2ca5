"""Decay of an afterglow: a power law with breaks, their number chosen, and its names."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.shape.decay_names import names_of
from orbital_kernel.science.shape.decay_residuals import (
    FittedPoints,
    log_flux,
    triangle,
)

Reals = NDArray[np.float64]
MOST_BREAKS = 3
LEAST_BETTER = 6.0
"""By how much a further break must lower the AICc (a likelihood ratio of 20)."""
LIMIT_SIGMA = 3.0
_SLOPES = 8.0
"""Steepest index; one at it, or with an error as large, is not measured."""
ON_BOUND = 1e-2
_GRID = 9
STARTS = 2
LEAST_RATIO = 0.4
"""Least ln of the ratio of two breaks: nearer ones describe single points, not a decay."""
APART = 3


@dataclass(frozen=True)
class Decay:
    """A power law with breaks, F = amplitude (t / t_ref)^-index of its segment.

    Parameters
    ----------
    indices, index_errs : tuple of float
        Temporal index of each segment, positive for a decay, and its 1-sigma error.
    breaks_s, break_errs_s : tuple of float
        Times of the breaks and their 1-sigma errors, s.
    amplitude, amplitude_err : float
        Flux at t_ref_s and its error, in the unit of the flux.
    t_ref_s : float
        Geometric middle of the times fitted, s.
    covariance : numpy.ndarray
        Of ln amplitude, the indices and ln of the breaks, in this order; from the
        residuals' errors, times chi2 / dof where that exceeds 1.
    chi2, dof : float, int
        Sum of squared residuals, and degrees of freedom.
    aicc : tuple of float
        Corrected Akaike criterion of fits with 0, 1, … breaks; NaN if not tried.
    f_test : float
        Probability that the last break is chance; NaN without breaks.
    names : tuple of str
        What the field calls each segment and break.
    points, limits : int
        How many detections and limits were fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel.science.shape import decay
    >>> t = np.geomspace(100, 1e5, 60)
    >>> law = decay(t, t**-1.2, 0.1 * t**-1.2, breaks=0)
    >>> round(law.indices[0], 3)
    1.2
    """

    indices: tuple[float, ...]
    index_errs: tuple[float, ...]
    breaks_s: tuple[float, ...]
    break_errs_s: tuple[float, ...]
    amplitude: float
    amplitude_err: float
    t_ref_s: float
    covariance: Reals
    chi2: float
    dof: int
    aicc: tuple[float, ...]
    f_test: float
    names: tuple[str, ...]
    points: int
    limits: int

    def flux(self, since_s: ArrayLike) -> Reals:
        """Return the fitted flux at times since T0.

        Parameters
        ----------
        since_s : array_like
            Times, s.

        Returns
        -------
        numpy.ndarray
            Flux in the unit fitted.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel.science.shape import decay
        >>> t = np.geomspace(100, 1e5, 60)
        >>> bool(np.allclose(decay(t, t**-1.2, 0.1 * t**-1.2, breaks=0).flux(t), t**-1.2))
        True
        """
        parameters = np.array(
            [np.log(self.amplitude), *self.indices, *np.log(self.breaks_s)]
        )
        x = np.log(np.asarray(since_s, np.float64) / self.t_ref_s)
        return np.exp(log_flux(parameters, x, np.log(self.t_ref_s)))


def decay(
    since_s: ArrayLike,
    value: ArrayLike,
    err_plus: ArrayLike,
    *,
    err_minus: ArrayLike | None = None,
    is_limit: ArrayLike | None = None,
    breaks: int | None = None,
    systematic: float = 0.0,
) -> Decay:
    """Return the power law with breaks that fits best.

    Residuals are in flux, with the error on the side of the model, so that net fluxes
    below 0 take part. A limit of 3 sigma counts by the probability that the model stays
    below it.

    Parameters
    ----------
    since_s
        Times (n,) since T0, s; only those after T0 are fitted.
    value
        Fluxes (n,) in one unit and band; of limits the limit.
    err_plus, err_minus
        1-sigma errors (n,); symmetric without `err_minus`. Without an error a point is
        not fitted.
    is_limit
        Which points (n,) are upper limits; none by default.
    breaks
        Number of breaks, 0 to 3; by default the fewest that no further one betters by 6
        in AICc with all indices measured.
    systematic
        Relative error added to each point in quadrature.

    Returns
    -------
    Decay
        Indices, breaks, covariance, fit statistics and names.

    Raises
    ------
    QueryError
        If there are too few points, or `breaks` is not 0 to 3.

    References
    ----------
    Hurvich & Tsai 1989, Biometrika 76, 297 (AICc); Tobin 1958, Econometrica 26, 24
    (limits); Zhang et al. 2006, ApJ 642, 354, and Evans et al. 2009, MNRAS 397, 1177
    (names).

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel import shape
    >>> t = np.geomspace(100, 1e6, 80)
    >>> flux = np.where(t < 1e4, (t / 1e4) ** -0.5, (t / 1e4) ** -1.3)
    >>> fit = shape.decay(t, flux, 0.05 * flux)
    >>> [round(index, 2) for index in fit.indices], fit.names[1]
    ([0.5, 1.3], 'end of the plateau')
    """
    if breaks is not None and breaks not in range(MOST_BREAKS + 1):
        raise QueryError(f"a decay has 0 to {MOST_BREAKS} breaks, not {breaks}")
    data = _data(since_s, value, err_plus, err_minus, is_limit, systematic)
    seen = int((~data.is_limit & (data.value > 0)).sum())
    numbers = [breaks] if breaks is not None else range(MOST_BREAKS + 1)
    fits = {k: _fitted(data, k) for k in numbers if seen >= 2 * k + 4}
    if not fits:
        raise QueryError(
            f"{seen} points with errors after T0 are too few for a decay with "
            f"{breaks or 0} breaks: {2 * (breaks or 0) + 4} are needed"
        )
    aicc = tuple(_aicc(*fits[k], data) if k in fits else np.nan for k in range(4))
    best = min(fits)
    for k in sorted(fits):
        if aicc[k] < aicc[best] - LEAST_BETTER and _is_measured(*fits[k][:2]):
            best = k
    return _described(data, fits, best, aicc)


def _is_measured(parameters: Reals, covariance: Reals) -> bool:
    """Return whether each segment's index is inside its range, and its error too."""
    of_indices = slice(1, len(parameters) // 2 + 1)
    errors = np.sqrt(np.maximum(np.diag(covariance)[of_indices], 0.0))
    steepest = np.abs(parameters[of_indices]).max()
    return bool(steepest < _SLOPES - ON_BOUND and errors.max() < _SLOPES)


def _data(
    since_s: ArrayLike,
    value: ArrayLike,
    err_plus: ArrayLike,
    err_minus: ArrayLike | None,
    is_limit: ArrayLike | None,
    systematic: float,
) -> FittedPoints:
    t, y, plus = (np.asarray(a, np.float64) for a in (since_s, value, err_plus))
    minus = plus if err_minus is None else np.asarray(err_minus, np.float64)
    limit = np.zeros(t.shape, bool) if is_limit is None else np.asarray(is_limit, bool)
    usable = (t > 0) & np.where(limit, y > 0, np.isfinite(y) & (plus > 0) & (minus > 0))
    if not (usable & (y > 0)).any():
        raise QueryError(
            "no point after T0 has a positive flux and an error: nothing to fit"
        )
    order = np.flatnonzero(usable)[np.argsort(t[usable], kind="stable")]
    t, y, limit = t[order], y[order], limit[order]
    sigma = [
        np.hypot(np.where(limit, y / LIMIT_SIGMA, e[order]), systematic * y)
        for e in (plus, minus)
    ]
    log_ref = float((np.log(t[0]) + np.log(t[-1])) / 2)
    return FittedPoints(np.log(t) - log_ref, y, sigma[0], sigma[1], limit, log_ref)


def _fitted(data: FittedPoints, breaks: int) -> tuple[Reals, Reals, float]:
    """Return parameters, their covariance and chi2 of the best of several starts.

    The fit steps in the first break and the ratios of the others to the one before.
    """
    from scipy import optimize

    low, high = data.x[0] + data.log_ref, data.x[-1] + data.log_ref
    wide = max(high - low, 2 * LEAST_RATIO)
    bounds = (
        [-800.0]
        + [-_SLOPES] * (breaks + 1)
        + ([low] + [LEAST_RATIO] * breaks)[:breaks],
        [800.0] + [_SLOPES] * (breaks + 1) + ([high] + [wide] * breaks)[:breaks],
    )
    steps = np.eye(2 * breaks + 2)
    for k in range(breaks):
        steps[breaks + 2 + k, breaks + 2 : breaks + 3 + k] = 1.0
    inverse = np.linalg.inv(steps)

    @lru_cache(maxsize=1)
    def table(point: bytes) -> Reals:
        return triangle(steps @ np.frombuffer(point), steps, data)

    best = None
    for start in _starts(data, breaks):
        begin = np.clip(inverse @ start, *(np.array(b) for b in bounds))
        with np.errstate(over="ignore", invalid="ignore"):
            fit = optimize.least_squares(
                lambda p: table(p.tobytes())[:, -1],
                begin,
                jac=lambda p: table(p.tobytes())[:, :-1],
                bounds=bounds,
                x_scale="jac",
                ftol=1e-11,
                xtol=1e-11,
                max_nfev=200,
            )
        if best is None or fit.cost < best.cost:
            best = fit
    if best is None:
        raise QueryError("the fit has no start: give more points")
    covariance = steps @ np.linalg.pinv(best.jac.T @ best.jac) @ steps.T
    return steps @ best.x, covariance, 2 * float(best.cost)


def _starts(data: FittedPoints, breaks: int) -> list[Reals]:
    """Return the best starts on a grid of breaks: straight lines in ln F against ln t."""
    seen = ~data.is_limit & (data.value > 0)
    x, y = data.x[seen], np.log(data.value[seen])
    weight = data.value[seen] / np.maximum(data.plus[seen], data.minus[seen])
    even = np.linspace(x[0], x[-1], _GRID + 2)[1:-1]
    ranked = np.quantile(x, np.linspace(0, 1, _GRID + 2)[1:-1])
    bends = np.unique(np.concatenate([even, ranked]))
    columns = np.stack([np.ones_like(x), -x, *(-np.maximum(x - b, 0.0) for b in bends)])
    gram = (columns * weight**2) @ columns.T
    right = (columns * weight**2) @ y
    tried = []
    for chosen in combinations(range(len(bends)), breaks):
        rows = np.array([0, 1, *(k + 2 for k in chosen)])
        solution = np.linalg.lstsq(gram[np.ix_(rows, rows)], right[rows], rcond=None)[0]
        tried.append((-float(solution @ right[rows]), chosen, solution))
    tried.sort(key=lambda trial: trial[0])
    return [
        _start(solution, bends[list(chosen)], data.log_ref)
        for _, chosen, solution in _apart(tried)
    ]


def _apart(
    tried: list[tuple[float, tuple[int, ...], Reals]],
) -> list[tuple[float, tuple[int, ...], Reals]]:
    """Return the best few starts whose breaks are not neighbours of one another."""
    chosen: list[tuple[float, tuple[int, ...], Reals]] = []
    for trial in tried:
        near = (
            max(
                (abs(a - b) for a, b in zip(trial[1], other[1], strict=True)), default=0
            )
            < APART
            for other in chosen
        )
        if not any(near):
            chosen.append(trial)
        if len(chosen) == STARTS:
            break
    return chosen


def _start(solution: Reals, at: Reals, log_ref: float) -> Reals:
    """Return parameters of a straight line that bends at `at`."""
    slopes = np.clip(np.cumsum(solution[1:]), 0.1 - _SLOPES, _SLOPES - 0.1)
    bend = float(solution[2:] @ np.maximum(-at, 0.0)) if len(at) else 0.0
    return np.array([solution[0] - bend, *slopes, *(at + log_ref)])


def _aicc(parameters: Reals, _: Reals, chi2: float, data: FittedPoints) -> float:
    k, n = len(parameters), len(data.x)
    return chi2 + 2 * k + (2 * k * (k + 1) / (n - k - 1) if n > k + 1 else np.inf)


def _described(
    data: FittedPoints,
    fits: dict[int, tuple[Reals, Reals, float]],
    best: int,
    aicc: tuple[float, ...],
) -> Decay:
    from scipy import special

    parameters, covariance, chi2 = fits[best]
    dof = len(data.x) - len(parameters)
    scaled = covariance * max(chi2 / dof, 1.0) if dof > 0 else covariance
    errors = np.sqrt(np.maximum(np.diag(scaled), 0.0))
    f_test = np.nan
    if best and best - 1 in fits and dof > 0:
        gain = (fits[best - 1][2] - chi2) / 2
        f_test = float(special.fdtrc(2, dof, gain / (chi2 / dof)))
    times = np.exp(parameters[best + 2 :])
    indices = parameters[1 : best + 2]
    return Decay(
        indices=tuple(map(float, indices)),
        index_errs=tuple(map(float, errors[1 : best + 2])),
        breaks_s=tuple(map(float, times)),
        break_errs_s=tuple(map(float, times * errors[best + 2 :])),
        amplitude=float(np.exp(parameters[0])),
        amplitude_err=float(np.exp(parameters[0]) * errors[0]),
        t_ref_s=float(np.exp(data.log_ref)),
        covariance=scaled,
        chi2=chi2,
        dof=dof,
        aicc=aicc,
        f_test=f_test,
        names=names_of(indices),
        points=int((~data.is_limit).sum()),
        limits=int(data.is_limit.sum()),
    )
