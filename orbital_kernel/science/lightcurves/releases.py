"""Curves made of the same exposure: each exposure is counted once, the others say so.

An archive releases a curve again with other bins (per snapshot, per ObsID, by counts), a
paper prints the archive's curve, and one file has bins of 64 ms of what another has in
bins of 1 s. Their values differ, so no point repeats another, and yet the photons are
the same. A telescope sees one exposure at a time: points of two files whose bins overlap
are of the same photons if instrument, mode, band and unit agree.

Rates and fluxes of one exposure are different quantities: without a common unit both
count, each in its unit.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import TT

Flags = NDArray[np.bool_]

REASON = "same exposure as the points of {} that count: {}"
EDGE = 0.05
"""Part of a bin at each end that may overlap: edges are rounded, and T0 differs a little."""
_KEY = ("observatory", "instrument", "unit", "_band")
_FILE = "file_sha256"
_VISIT = ("mode", "obs_id")
AS_GIVEN = "as given"
WHY = (
    "its values are as given",
    "its own file dates it",
    "it has more points",
    "it is read first",
)
"""Why a curve is counted, in the order of its rank."""
_ROW = r" row \d+$"


@dataclass(frozen=True)
class _Curve:
    """The points of one file in one key; `counted` says which of them still count."""

    name: str
    points: pl.DataFrame
    counted: Flags
    rank: tuple[int, ...]

    @property
    def is_dated(self) -> bool:
        """Whether the file itself dates its points."""
        return bool(self.rank[1])

    def better(self, other: "_Curve") -> str:
        """Return in words why this curve is counted instead of the other."""
        pairs = zip(WHY, self.rank, other.rank, strict=True)
        return next(text for text, a, b in pairs if a != b)


def without_other_releases(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the points with those excluded whose exposure another file's points cover.

    Parameters
    ----------
    rows : polars.DataFrame
        Points of one object in their final units: observatory, instrument, mode, unit,
        band with its given edges (keV), time (TT) and since_t0_s (s) with their
        half-widths, obs_id, conversion, file_sha256, reference, excluded.

    Returns
    -------
    polars.DataFrame
        The rows; of two files with bins of the same exposure the points of the one
        that needs no conversion count, then of the one that its file dates, then of the
        one with more points. `excluded` of the others names that file and why.
    """
    if rows[_FILE].n_unique() < 2:
        return rows
    reasons: dict[int, str] = {}
    for curves in _by_key(rows):
        retained: list[_Curve] = []
        for curve in sorted(curves, key=lambda c: c.rank, reverse=True):
            for other in retained:
                same = curve.counted & _covered(curve, other)
                curve.counted[same] = False
                text = REASON.format(other.name, other.better(curve))
                excluded = curve.points["_row"].to_numpy()[same]
                reasons |= dict.fromkeys(excluded.tolist(), text)
            retained.append(curve)
    if not reasons:
        return rows
    texts = [reasons.get(row) for row in range(len(rows))]
    return rows.with_columns(
        pl.coalesce("excluded", pl.Series(texts, dtype=pl.String)).alias("excluded")
    )


def _by_key(rows: pl.DataFrame) -> Iterable[list[_Curve]]:
    """Yield the curves of each instrument, band and unit that has several files."""
    band = pl.coalesce(
        pl.format("{}-{}", "given_band_low_kev", "given_band_high_kev"),
        "given_band",
        pl.lit(""),
    )
    frame = rows.with_row_index("_row").with_columns(
        band.alias("_band"),
        (pl.col("time").cast(TT).cast(pl.Int64) / 1e9).alias("_time"),
    )
    frame = frame.filter(
        pl.col("excluded").is_null(),
        pl.col("instrument").is_not_null(),
        pl.col(_FILE).is_not_null(),
    )
    for group in frame.partition_by(*_KEY, maintain_order=True):
        if group[_FILE].n_unique() > 1:
            files = group.partition_by(_FILE, maintain_order=True)
            yield [_curve(part, -number) for number, part in enumerate(files)]


def _curve(points: pl.DataFrame, order: int) -> _Curve:
    """Return the points of a file with their rank; `order` differs between files."""
    given = points["conversion"].fill_null(AS_GIVEN).eq(AS_GIVEN)
    dated = points["time_assumed_err_s"].is_null() & points["time"].is_not_null()
    name = points["reference"].str.replace(_ROW, "")[0]
    rank = (int(given.all()), int(dated.all()), len(points), order)
    return _Curve(
        name or "another file", points, np.ones(len(points), dtype=bool), rank
    )


def _covered(curve: _Curve, other: _Curve) -> Flags:
    """Return which points of a curve have the exposure of one that counts in another.

    An unstated mode or ObsID agrees with each. Files that give no date are compared in s
    since their T0.
    """
    axis = "_time" if curve.is_dated and other.is_dated else "since_t0_s"
    ours = _bins(curve.points, axis)
    theirs = _bins(other.points, axis).filter(pl.Series(other.counted))
    result = np.zeros(len(ours), dtype=bool)
    for visit in ours.select(_VISIT).unique().iter_rows(named=True):
        exact = [pl.col(name).eq_missing(pl.lit(v)) for name, v in visit.items()]
        stated = {name: v for name, v in visit.items() if v is not None}
        agree = [pl.col(n).is_null() | pl.col(n).eq(v) for n, v in stated.items()]
        own = ours.select(pl.all_horizontal(exact)).to_series()
        result[own.to_numpy()] = _overlap(ours.filter(own), theirs.filter(*agree))
    return result


def _bins(points: pl.DataFrame, axis: str) -> pl.DataFrame:
    """Return mode, ObsID and the ends of the bins, s, less what edges may overlap."""
    share = 1 - 2 * EDGE
    minus, plus = (
        share * pl.col(f"time_err_{side}_s").fill_null(0.0)
        for side in ("minus", "plus")
    )
    return points.select(
        *_VISIT,
        (pl.col(axis) - minus).alias("low"),
        (pl.col(axis) + plus).alias("high"),
    )


def _overlap(ours: pl.DataFrame, theirs: pl.DataFrame) -> Flags:
    """Return which bins overlap one of others; two instants never do."""
    others = theirs.drop_nulls(("low", "high")).sort("low")
    if others.is_empty():
        return np.zeros(len(ours), dtype=bool)
    latest = np.maximum.accumulate(others["high"].to_numpy())
    low, high = (ours[name].fill_null(np.nan).to_numpy() for name in ("low", "high"))
    before = np.searchsorted(others["low"].to_numpy(), high)
    reach = np.concatenate([[-np.inf], latest])[before]
    return np.asarray((reach > low) & np.isfinite(low))
