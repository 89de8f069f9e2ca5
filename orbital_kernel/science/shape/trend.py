"""Trends over years: a secular slope, states of constant flux, and seasons."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.counting import SIGMA

Reals = NDArray[np.float64]
YEAR_S = 365.25 * 86400
LEAST_POINTS = 3


@dataclass(frozen=True)
class Trend:
    """A straight line through values, with the scatter that its errors do not explain.

    Parameters
    ----------
    slope, slope_err : float
        Change per year (365.25 d) in the unit of the values, and its standard error;
        with few points `interval` is wider than that error suggests.
    level, level_err : float
        Value of the line at the weighted mean time.
    scatter : float
        Scatter beside the errors, 1 sigma, in the unit of the values.
    p_value : float
        Probability of so large a slope without a trend.
    points : int
        How many values.

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel.science.shape import trend
    >>> years = np.arange(10.0)
    >>> line = trend(years * 365.25 * 86400, 2 + 0.5 * years, np.full(10, 0.1))
    >>> round(line.slope, 6)
    0.5
    """

    slope: float
    slope_err: float
    level: float
    level_err: float
    scatter: float
    p_value: float
    points: int

    def interval(self, confidence: float = SIGMA) -> tuple[float, float]:
        """Return the interval of the slope, by Student's t of points - 2.

        Parameters
        ----------
        confidence : float
            Probability of the interval; 1 sigma by default.

        Returns
        -------
        tuple of float
            Lower and upper bound of the slope, per year.

        Examples
        --------
        >>> from orbital_kernel.science.shape import Trend
        >>> Trend(1.0, 0.1, 0.0, 0.1, 0.0, 0.0, 4).interval(0.95)[0] < 0.6
        True
        """
        from scipy import special

        half = float(special.stdtrit(self.points - 2, (1 + confidence) / 2))
        return self.slope - half * self.slope_err, self.slope + half * self.slope_err


def trend(time_s: ArrayLike, values: ArrayLike, errors: ArrayLike) -> Trend:
    """Return the secular slope of values, with intrinsic scatter as a free parameter.

    Parameters
    ----------
    time_s
        Times (n,), s.
    values, errors
        Values (n,) and 1-sigma errors (n,) in one unit; limits do not belong to them.

    Returns
    -------
    Trend
        Slope per year, level and scatter.

    Raises
    ------
    QueryError
        If there are fewer than three points or they are of one time.

    References
    ----------
    Hogg, Bovy & Lang 2010, arXiv:1008.4686, section 7, with restricted likelihood.

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel import shape
    >>> years = np.array([0.0, 1.0, 2.0, 3.0])
    >>> line = shape.trend(years * 365.25 * 86400, 1 - 0.1 * years, np.full(4, 0.02))
    >>> round(line.slope, 3)
    -0.1
    """
    from scipy import optimize, special

    t, y, e = (np.asarray(a, np.float64) for a in (time_s, values, errors))
    if t.size < LEAST_POINTS or np.ptp(t) <= 0 or not (e > 0).all():
        raise QueryError(
            f"a trend needs {LEAST_POINTS} or more points of several times, with errors > 0"
        )
    years = (t - t.mean()) / YEAR_S

    def solved(scatter: float) -> tuple[Reals, Reals, float]:
        weight = 1 / (e**2 + scatter**2)
        base = np.stack([np.ones_like(years), years], axis=1)
        gram = base.T @ (weight[:, None] * base)
        covariance = np.linalg.inv(gram)
        line = covariance @ (base.T @ (weight * y))
        chi2 = float((weight * (y - base @ line) ** 2).sum())
        likelihood = (
            chi2 - float(np.log(weight).sum()) + float(np.linalg.slogdet(gram)[1])
        )
        return line, covariance, likelihood

    most = float(np.std(y)) * 3 + 1e-300
    fit = optimize.minimize_scalar(
        lambda s: solved(s)[2],
        bounds=(0.0, most),
        method="bounded",
        options={"xatol": most * 1e-6},
    )
    scatter = float(fit.x) if solved(float(fit.x))[2] < solved(0.0)[2] else 0.0
    line, covariance, _ = solved(scatter)
    slope, error = float(line[1]), float(np.sqrt(covariance[1, 1]))
    p_value = 2 * float(special.stdtr(t.size - 2, -abs(slope / error)))
    return Trend(
        slope,
        error,
        float(line[0]),
        float(np.sqrt(covariance[0, 0])),
        scatter,
        p_value,
        t.size,
    )


def seasons(points: pl.DataFrame, *, gap_days: float = 60.0) -> pl.DataFrame:
    """Return the mean of each season: points without a gap of `gap_days` between them.

    Parameters
    ----------
    points
        time_s (s), value and value_err (in one unit), in any order.
    gap_days
        Least gap between two seasons, d: 60 is that of the Sun for most of the sky.

    Returns
    -------
    polars.DataFrame
        season, start_s, stop_s (s), points, value (weighted mean), value_err (of it,
        from the larger of errors and scatter), selection.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import shape
    >>> days = [0.0, 10.0, 200.0]
    >>> points = pl.DataFrame({"time_s": days, "value": 1.0, "value_err": 0.1})
    >>> shape.seasons(points.with_columns(pl.col("time_s") * 86400))["points"].to_list()
    [2, 1]
    """
    ordered = points.sort("time_s")
    gap = pl.col("time_s").diff().fill_null(0.0) > gap_days * 86400
    weight = pl.col("value_err") ** -2
    mean = (pl.col("value") * weight).sum() / weight.sum()
    scatter = (pl.col("value").std() / pl.len().sqrt()).fill_null(0.0)
    text = f"seasons are apart by more than {gap_days:g} d; limits are not used"
    return (
        ordered.with_columns(gap.cum_sum().alias("season"))
        .group_by("season", maintain_order=True)
        .agg(
            pl.col("time_s").min().alias("start_s"),
            pl.col("time_s").max().alias("stop_s"),
            pl.len().alias("points"),
            mean.alias("value"),
            pl.max_horizontal(weight.sum() ** -0.5, scatter).alias("value_err"),
        )
        .with_columns(pl.lit(text).alias("selection"))
    )


def states(
    time_s: ArrayLike,
    values: ArrayLike,
    errors: ArrayLike,
    *,
    false_alarm: float = 0.01,
) -> pl.DataFrame:
    """Return stretches of constant flux, by Bayesian blocks of measurements.

    Parameters
    ----------
    time_s
        Times (n,), s.
    values, errors
        Values (n,) and 1-sigma errors (n,) in one unit.
    false_alarm
        Probability of one change too many in a constant source (p0).

    Returns
    -------
    polars.DataFrame
        start_s, stop_s (s), points, value (weighted mean), value_err, selection.

    Raises
    ------
    QueryError
        If there are fewer than three points.

    References
    ----------
    Scargle et al. 2013, ApJ 764, 167, section 3.3 (point measurements).

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel import shape
    >>> values = np.array([1.0, 1.0, 1.0, 5.0, 5.0, 5.0])
    >>> shape.states(np.arange(6.0), values, np.full(6, 0.1))["points"].to_list()
    [3, 3]
    """
    from astropy.stats import bayesian_blocks

    t, y, e = (np.asarray(a, np.float64) for a in (time_s, values, errors))
    if np.unique(t).size < LEAST_POINTS or not (e > 0).all():
        raise QueryError(f"states need {LEAST_POINTS} or more times with errors > 0")
    order = np.argsort(t, kind="stable")
    t, y, e = t[order], y[order], e[order]
    single = np.append(np.diff(t) > 0, True)  # one value per time, as the blocks need
    edges = bayesian_blocks(
        t[single], y[single], e[single], fitness="measures", p0=false_alarm
    )
    block = np.clip(np.searchsorted(edges, t, side="right") - 1, 0, len(edges) - 2)
    weight = e**-2.0
    total = np.bincount(block, weight)
    used = np.flatnonzero(total)
    text = f"changes with a false alarm probability of {false_alarm:g}; limits are not used"
    return pl.DataFrame(
        {
            "start_s": [t[block == k].min() for k in used],
            "stop_s": [t[block == k].max() for k in used],
            "points": np.bincount(block)[used],
            "value": (np.bincount(block, weight * y) / np.maximum(total, 1e-300))[used],
            "value_err": total[used] ** -0.5,
        }
    ).with_columns(pl.lit(text).alias("selection"))
