"""Rates of points from the counts behind them: exact, for any points added up.

Points are of counts if their rate is what their counts give: (counts - backscale x
background_counts) x correction / exposure, times the factor by which it was brought to
another unit. Counts of several points add up; their rate is the sum of net counts over the
sum of exposure / correction, with the interval of counts (`science.counting`,
`science.on_off`), never errors in quadrature. Curves of one object and of many use it, for
points (`error_rules`) and bins (`averaging`).
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science import counting
from orbital_kernel.science.lightcurves.photons import rates_of
from orbital_kernel.science.lightcurves.point_counts import COUNTS

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

OF_COUNTS, OF_FILE, IN_QUADRATURE = "of counts", "of the file", "in quadrature"
NO_ERROR = "none: the file gives no error above 0"
"""What `error_rule` says of a point's errors; it is null of limits without counts."""
ROUNDED = 1e-3
"""Largest difference of a rate from that of its counts, in counts and as a share."""
NO_COUNTS = "the file gives no counts of this point"
NOT_OF_COUNTS = (
    "its rate is not that of its counts: it is weighted, by a mask for instance"
)
NEEDED = {*COUNTS, "exposure_s", "value", "is_limit"}


class PointCounts(NamedTuple):
    """Counts of points (n,): NaN where a file gives none.

    `live_s` is exposure over correction and factor: net counts over it are the value. `missing` says
    why a point is not of counts, and is empty if it is.
    """

    counts: Reals
    off: Reals
    ratio: Reals
    live_s: Reals
    missing: NDArray[np.object_]

    @property
    def usable(self) -> Flags:
        """Which points are of counts."""
        return np.asarray(self.missing == "", dtype=bool)

    @property
    def net(self) -> Reals:
        """Counts less those expected of the background."""
        return self.counts - np.nan_to_num(self.off * self.ratio)

    @property
    def variance(self) -> Reals:
        """Variance of the net counts, as errors of sqrt(N) assume it."""
        return self.counts + np.nan_to_num(self.off * self.ratio**2)


def point_counts(rows: pl.DataFrame) -> PointCounts | None:
    """Return the counts of the points of a joint curve; None if it has no such columns."""
    if not {*rows.columns} >= NEEDED:
        return None
    counts, off, ratio, correction, exposure, value = (
        rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in (*COUNTS, "exposure_s", "value")
    )
    live = exposure / np.where(correction > 0, correction, 1.0) / _factors(rows)
    points = PointCounts(counts, off, ratio, live, np.full(len(rows), "", dtype=object))
    apart = np.abs(value * live - points.net)
    limit = rows["is_limit"].fill_null(value=False).to_numpy()
    has = np.isfinite(counts) & (exposure > 0)
    same = limit | (apart <= ROUNDED * (1 + counts))
    points.missing[~same] = NOT_OF_COUNTS
    points.missing[~has] = NO_COUNTS
    return points


def _factors(rows: pl.DataFrame) -> Reals:
    """Return the factors by which rates of the files became the values of points."""
    if "factor" not in rows.columns:
        return np.ones(len(rows))
    factors: Reals = rows["factor"].cast(pl.Float64).fill_null(1.0).to_numpy()
    return factors


def with_count_rates(
    means: pl.DataFrame, of_points: PointCounts, cell: Ints
) -> pl.DataFrame:
    """Return rows of cells with the rates of the counts of all their points.

    `cell` (n,) is each point's row in `means`, below 0 if it has none. Rows with a point
    that is not of counts stay as they are.
    """
    used, size = cell >= 0, len(means)
    where = cell[used]
    counts, off, ratio, live = (part[used] for part in of_points[:4])
    complete = np.bincount(where, ~of_points.usable[used], size) == 0
    has_off = np.isfinite(off) & (ratio > 0)
    total, seconds, others, expected = (
        np.bincount(where, np.nan_to_num(part), size).astype(np.float64)
        for part in (counts, live, np.where(has_off, off, 0.0), off * ratio)
    )
    background = np.bincount(where, has_off, size) > 0
    scale = _ratios(where[has_off], ratio[has_off], others, expected)
    chosen = complete & (np.bincount(where, minlength=size) > 0)
    columns = rates(total, seconds, others, scale, background, chosen)
    if not columns:
        return means
    limit = columns["is_limit"] > 0
    exposure = means["exposure_s"].to_numpy()
    new = {
        "value": np.where(limit, columns["rate_limit"], columns["rate"]),
        "value_err_plus": np.where(limit, np.nan, columns["rate_err_plus"]),
        "value_err_minus": np.where(limit, np.nan, columns["rate_err_minus"]),
        "counts": total,
        "background_counts": np.where(background, others, np.nan),
        "backscale": np.where(background, scale, np.nan),
        "correction": exposure / seconds / _factors(means),
        "limit_confidence": np.where(limit, counting.LIMIT, np.nan),
    }
    is_counted = pl.Series(chosen)
    return means.with_columns(
        pl.when(is_counted)
        .then(pl.Series(limit))
        .otherwise("is_limit")
        .alias("is_limit"),
        pl.when(is_counted)
        .then(pl.lit(OF_COUNTS))
        .otherwise("error_rule" if "error_rule" in means.columns else None)
        .alias("error_rule"),
        *(
            pl.when(is_counted)
            .then(pl.Series(values).fill_nan(None))
            .otherwise(name)
            .alias(name)
            for name, values in new.items()
            if name in means.columns
        ),
    )


def rates(
    counts: Reals,
    live_s: Reals,
    off: Reals,
    ratio: Reals,
    background: Flags,
    chosen: Flags,
) -> dict[str, Reals]:
    """Return what `rates_of` gives of the chosen rows (n,), 0 in others; {} if none are.

    `off` and `ratio` are used where there is a `background`.
    """
    columns: dict[str, Reals] = {}
    for rows, with_off in (
        (chosen & ~background, False),
        (chosen & background, True),
    ):
        if not rows.any():
            continue
        around = (off[rows], ratio[rows]) if with_off else (None, None)
        for name, part in rates_of(counts[rows], live_s[rows], *around).items():
            columns.setdefault(name, np.zeros(counts.size))[rows] = part
    return columns


def _ratios(where: Ints, ratio: Reals, off: Reals, expected: Reals) -> Reals:
    """Return the background's expected counts over those counted; the mean if none were."""
    number = np.bincount(where, minlength=off.size)
    mean = np.bincount(where, ratio, off.size) / np.maximum(number, 1)
    return np.divide(expected, off, out=mean, where=off > 0)
