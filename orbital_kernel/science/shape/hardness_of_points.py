"""Hardness along a light curve: the posterior of counts where they exist, else of errors."""

from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import demand, fill
from orbital_kernel.science.counting import SIGMA
from orbital_kernel.science.shape.hardness import hardness

OF_COUNTS = "posterior of counts (Park et al. 2006)"
OF_ERRORS = (
    "errors of rates propagated: no counts in the files, use it above some 20 counts"
)
AGREE = 0.01
"""Relative difference of a rate and its net counts over exposure, to use the counts."""
_KEY = ("observatory", "instrument", "time", "since_s")
_COUNTS = ("counts", "background_counts", "backscale", "correction", "exposure_s")
_ANSWER = {
    **dict.fromkeys(("ratio", "ratio_low", "ratio_high"), pl.Float64()),
    **dict.fromkeys(("method", "no_ratio"), pl.String()),
}
_OF_BAND = ("value", "e", "is_limit", *_COUNTS)


def hardness_of_points(
    points: pl.DataFrame, soft: str, hard: str, *, confidence: float = SIGMA
) -> pl.DataFrame:
    """Return (H - S) / (H + S) of points of two bands at the same time.

    Parameters
    ----------
    points : polars.DataFrame
        Points of one unit with time, since_s, band, value and errors; if known counts,
        background_counts (ct), backscale, correction and exposure_s (s).
    soft, hard : str
        Names of the bands, as in column `band`.
    confidence : float
        Probability of the intervals of posteriors; 1 sigma by default.

    Returns
    -------
    polars.DataFrame
        The soft points, and the hard ones without a soft one, in order of time, with
        ratio, ratio_low, ratio_high, and method: the posterior of the counts with their
        background and exposures, limits too, or, where files have rates only, the
        propagated 1-sigma errors of detections. `no_ratio` says why a point has none.

    Raises
    ------
    QueryError
        If a band has no points.

    References
    ----------
    Park et al. 2006, ApJ 652, 610 (BEHR).

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import shape
    >>> bands = pl.DataFrame({"band": ["soft", "hard"], "value": [2.0, 1.0], "since_s": 9.0})
    >>> bands = bands.with_columns(counts=pl.Series([20.0, 10.0]), exposure_s=10.0)
    >>> shape.hardness_of_points(bands, "soft", "hard")["method"][0]
    'posterior of counts (Park et al. 2006)'
    """
    demand(points, "band", "value", "since_s", subject="a hardness")
    rows, alone = _pairs(points, soft, hard)
    results = [
        _posterior(row, confidence) or _propagated(row)
        for row in rows.iter_rows(named=True)
    ]
    answer = pl.DataFrame(results, schema=_ANSWER, orient="row")
    both = [rows.hstack(answer), alone]
    return pl.concat(both, how="diagonal").sort("since_s", "time", nulls_last=True)


def reasons_without(ratios: pl.DataFrame) -> dict[str, int]:
    """Return how many points have no ratio, by reason.

    Parameters
    ----------
    ratios : polars.DataFrame
        What `hardness_of_points` returns.

    Returns
    -------
    dict of str to int
        Points of each reason in column `no_ratio`.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import shape
    >>> bands = pl.DataFrame({"band": ["s", "h"], "value": 1.0, "since_s": [1.0, 2.0]})
    >>> sorted(shape.reasons_without(shape.hardness_of_points(bands, "s", "h")).values())
    [1, 1]
    """
    reasons = ratios["no_ratio"].drop_nulls()
    return dict(reasons.value_counts(name="points").sort("no_ratio").iter_rows())


def _pairs(
    points: pl.DataFrame, soft: str, hard: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return soft points with the hard ones of their time in `…_hard`, and those alone."""
    numbers = (*_COUNTS, "value_err_plus", "value_err_minus")
    kinds: dict[str, pl.DataType] = dict.fromkeys(numbers, pl.Float64())
    kinds |= {"is_limit": pl.Boolean(), "time": pl.Datetime("ns")}
    kinds |= {"observatory": pl.String(), "instrument": pl.String()}
    full = fill(points, kinds).with_columns(
        pl.mean_horizontal("value_err_plus", "value_err_minus").alias("e")
    )
    parts = [full.filter(pl.col("band") == band) for band in (soft, hard)]
    if any(part.is_empty() for part in parts):
        bands = ", ".join(points["band"].drop_nulls().unique().sort())
        raise QueryError(
            f"no points of {soft!r} and {hard!r}; bands: {bands or 'none'}"
        )
    keyed = parts[1].select(*_KEY, *_OF_BAND)
    pairs = parts[0].join(keyed, on=_KEY, suffix="_hard", nulls_equal=True)
    of_soft, of_hard = parts
    alone = [_alone(of_soft, of_hard, hard), _alone(of_hard, of_soft, soft)]
    return pairs, pl.concat(alone)


def _alone(part: pl.DataFrame, other: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the points without one of the other band at their time."""
    alone = part.join(other, on=_KEY, how="anti", nulls_equal=True)
    reason = f"no point of {name!r} at its time by its instrument"
    return alone.with_columns(pl.lit(reason).alias("no_ratio"))


def _posterior(row: dict[str, Any], confidence: float) -> tuple[Any, ...] | None:
    """Return the posterior's ratio and bounds; None if a band's rate is not of counts."""
    of_soft, of_hard = _counts(row, ""), _counts(row, "_hard")
    if of_soft is None or of_hard is None:
        return None
    soft, soft_off, soft_ratio, soft_s = of_soft
    hard, hard_off, hard_ratio, hard_s = of_hard
    posterior = hardness(
        soft,
        hard,
        soft_off=soft_off,
        hard_off=hard_off,
        ratio=(soft_ratio, hard_ratio),
        exposure=hard_s / soft_s,
        confidence=confidence,
    )
    bounds = posterior.ratio_low, posterior.ratio_high
    return posterior.ratio, *bounds, OF_COUNTS, None


def _counts(
    row: dict[str, Any], end: str
) -> tuple[int, int, float | None, float] | None:
    """Return counts, background counts, ratio of regions and effective exposure (s)."""
    counts, off, ratio, correction, live = (row[f"{name}{end}"] for name in _COUNTS)
    if counts is None or not live:
        return None
    effective = live / (correction or 1.0)
    net = (counts - (off or 0.0) * (ratio or 0.0)) / effective
    value = row[f"value{end}"]
    apart = None if value is None else abs(value - net)
    if not row[f"is_limit{end}"] and (apart is None or apart > AGREE * abs(net) + 1e-9):
        return None
    return round(counts), round(off or 0), ratio if off else None, effective


def _propagated(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return the ratio of two rates and its propagated error, or why there is none."""
    soft, hard = row["value"], row["value_hard"]
    errors = row["e"], row["e_hard"]
    if reason := _obstacle(row):
        return None, None, None, None, reason
    total = soft + hard
    error = 2 * float(np.hypot(soft * errors[1], hard * errors[0])) / total**2
    ratio = (hard - soft) / total
    return ratio, ratio - error, ratio + error, OF_ERRORS, None


def _obstacle(row: dict[str, Any]) -> str | None:
    """Return why two rates without counts have no ratio; None if they have one."""
    soft, hard = row["value"], row["value_hard"]
    if None in (soft, hard):
        return "no value in one of the bands"
    if row["is_limit"] or row["is_limit_hard"]:
        return "a limit whose counts are not known"
    if not (row["e"] and row["e_hard"]):
        return "no error above 0 in one of the bands"
    return None if soft + hard > 0 else "the rates of both bands add up to 0 or less"
