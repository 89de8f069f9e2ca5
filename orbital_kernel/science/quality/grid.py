"""Clock jumps: bins that leave the grid of the bins before them, or overlap them.

A clock that is set back by whole bins keeps the grid: its bins begin while earlier ones
still run. Bins of one file, series and channel are compared; two files may bin one time.
Points of a curve are bins of a clock if they have one width and one spacing; time between
them that no bin covers is a gap, as in rates (rates.py).
"""

import polars as pl

from orbital_kernel.science.columns import TT, fill
from orbital_kernel.science.quality.check import Measured

JUMPS, GAPS = "clock jumps", "clock gaps"
JUMP_S = 1e-3
"""Bins of real files keep their grid to 0.3 microseconds."""
OVERLAP_SHARE = 0.01
"""Bins of unequal width may overlap by this share of the narrower one: edges are rounded."""
GRID_BINS = 64
"""After longer gaps a new grid does not count as a jump of the clock."""
APART = 3
"""Overlaps of bins farther apart than so many widths are jumps of their own."""
CURVE = ("object", "instrument", "mode", "band", "unit")
EQUAL = 1e-3
"""A curve whose widths differ by less from their median has bins of a clock."""
REGULAR = 0.5
"""A curve of which fewer points follow at the usual spacing has looks and no bins."""
KEYS = ["file", "series", "channel"]


class Grid:
    """Finds clock jumps in bins that arrive in order of time: rates, or points of curves."""

    def __init__(self, observatory: str, subject: str = "bins") -> None:
        self._subject = f"{observatory} {subject}"
        self._series: set[tuple[str, str]] = set()
        self._last: pl.DataFrame | None = None
        self._jumps: list[pl.DataFrame] = []
        self._gaps: list[pl.DataFrame] = []
        self._seconds = 0.0
        self._of_points = subject == "points"
        self.rows = 0

    def take(self, frame: pl.DataFrame) -> None:
        """Take the next bins, in order of time."""
        bins = _of_rates(frame) if "bin_s" in frame.columns else _of_points(frame)
        self.rows += len(bins)
        if not len(bins):
            return
        self._series |= set(bins.select("file", "series").unique().rows())
        new = bins.with_columns(old=pl.lit(value=False))
        if self._last is not None:
            new = pl.concat([self._last.select(new.columns), new])
        new = new.sort(*KEYS, "start", maintain_order=True)
        new = new.with_columns(_steps()).with_columns(_shift())
        fresh = new.filter(~pl.col("old"))
        jumps = fresh.filter(pl.col("shift").is_not_null(), pl.col("full"))
        if len(jumps):
            self._jumps.append(
                jumps.select(*KEYS, "start", "narrow", "shift", "gap", "again")
            )
        if self._of_points:
            self._seconds += float(fresh["width"].sum())
            least = pl.col("width") * pl.when("full").then(0.5).otherwise(EQUAL)
            gaps = fresh.filter(pl.col("gap") > least)
            self._gaps.append(gaps.select("series", "start", "gap"))
        self._last = (
            new.with_columns(old=pl.lit(value=True))
            .group_by(KEYS, maintain_order=True)
            .tail(2)
            .select(*bins.columns, "old")
        )

    def measured(self) -> list[Measured]:
        """Return the largest shift of the clock and the first; gaps of points, too."""
        if not self.rows:
            why = f"{self._subject.replace(' ', ': no ', 1)} of equal width are stored"
            names = (JUMPS, GAPS) if self._of_points else (JUMPS,)
            return [Measured(name, self._subject, missing=why) for name in names]
        return [*self._jumped(), *(self._uncovered() if self._of_points else ())]

    def _uncovered(self) -> list[Measured]:
        """Return the share of time between points that none of them covers."""
        gaps = pl.concat(self._gaps)
        lost = float(gaps["gap"].sum())
        words = (
            f"{len(gaps):,} gaps of {lost:,.1f} s in all between the points of "
            f"{len(self._series):,} curves"
        )
        since = None
        if len(gaps):
            longest = gaps.sort("gap").row(-1, named=True)
            words += f", the longest {longest['gap']:,.3f} s in {longest['series']}"
            since = int(longest["start"]) - round(longest["gap"] * 1e9)
        share = lost / (lost + self._seconds)
        return [Measured(GAPS, self._subject, share, evidence=words, since=since)]

    def _jumped(self) -> list[Measured]:
        jumps = _clusters(self._jumps) if self._jumps else None
        if jumps is None or not len(jumps):
            words = f"{len(self._series):,} series keep their grid within {JUMP_S} s"
            return [Measured(JUMPS, self._subject, 0.0, evidence=words)]
        largest = jumps.sort(pl.col("shift").abs()).row(-1, named=True)
        words = (
            f"{len(jumps):,} jumps within {len(self._series):,} series, the largest of "
            f"{largest['shift']:+.4f} s in {largest['series']}"
        )
        if largest["gap"] - largest["shift"] > JUMP_S:
            words += f" (or {largest['gap']:+.4f} s, by whole bins more)"
        if largest["bins"] > 1:
            words += f": {largest['bins']:,} bins in a row are out of place"
        since = int(jumps["start"].min())  # type: ignore[arg-type]
        size = abs(float(largest["shift"]))
        return [Measured(JUMPS, self._subject, size, evidence=words, since=since)]


def series_name(points: pl.DataFrame) -> pl.Expr:
    """Return what names the curve of each point."""
    names = [name for name in CURVE if name in points.columns]
    return pl.concat_str(
        pl.col(names).cast(pl.String), separator=" ", ignore_nulls=True
    )


def _clusters(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per jump: the bins that overlap after one are near each other.

    A jump of all channels is one. Overlaps of rows that all repeat others are none.
    """
    rows = pl.concat(parts).sort(*KEYS, "start", maintain_order=True)
    near = (APART * pl.col("narrow") * 1e9).cast(pl.Int64)
    new = (pl.col("start").diff() > near).over(KEYS).fill_null(value=True)
    jumps = (
        rows.with_columns(jump=new.cum_sum())
        .group_by("jump", *KEYS, maintain_order=True)
        .agg(
            pl.col("start").min(),
            pl.col("shift", "gap").sum(),
            pl.col("again").all(),
            pl.len().alias("bins"),
        )
        .filter(~pl.col("again"))
    )
    return jumps.unique(["file", "series", "start"], maintain_order=True)


def _of_rates(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the bins of rates: file, series, channel, start (ns), width (ns)."""
    rows = fill(frame, {"channel": pl.Int16(), "file_sha256": pl.String()})
    return _bins(
        rows.filter(pl.col("bin_s") > 0),
        series=pl.col("series").cast(pl.String),
        start=pl.col("time").cast(TT).cast(pl.Int64),
        width=pl.col("bin_s").cast(pl.Float64),
        value=pl.col("rate").cast(pl.Float64),
    ).with_columns(full=pl.lit(value=True))


def _of_points(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the points of curves whose bins have one width and one spacing.

    A time that is neither the start nor the middle of its bin is a mean, not a clock's.
    Bins are `full` if they reach the next: others have time between them by their widths.
    """
    needed = {"time_err_plus_s": pl.Float64(), "time_err_minus_s": pl.Float64()}
    rows = fill(frame, {**needed, "channel": pl.Int16(), "file_sha256": pl.String()})
    before, after = (
        pl.col(f"time_err_{side}_s").cast(pl.Float64) for side in ("minus", "plus")
    )
    middle = (before - after).abs() < EQUAL * (before + after)
    bins = _bins(
        rows.filter(before + after > 0, middle | (before == 0)),
        series=series_name(rows),
        start=pl.col("time").cast(TT).cast(pl.Int64)
        - (before * 1e9).round().cast(pl.Int64),
        width=before + after,
        value=pl.col("value").cast(pl.Float64),
    )
    usual = pl.col("width").median().over(KEYS)
    equal = ((pl.col("width") - usual).abs() < EQUAL * usual).all().over(KEYS)
    gap = (pl.col("start").diff() / 1e9 - pl.col("width")).over(KEYS)
    ordered = bins.sort(*KEYS, "start", maintain_order=True).with_columns(gap=gap)
    spacing = pl.col("gap").median().over(KEYS)
    regular = ((pl.col("gap") - spacing).abs() < EQUAL * pl.col("width")).mean()
    one_clock = ordered.filter(equal, regular.over(KEYS) > REGULAR)
    return one_clock.with_columns(full=spacing < EQUAL * pl.col("width")).drop("gap")


def _bins(rows: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """Return the bins of some rows."""
    return rows.select(
        pl.col("file_sha256").cast(pl.String).fill_null("").alias("file"),
        pl.col("channel").cast(pl.Int16).fill_null(0),
        **columns,
    ).drop_nulls(["start", "width"])


def _steps() -> list[pl.Expr]:
    """Return the gap before each bin, s, and how it compares with the bin before it.

    `again` are rows that repeat another: if all are, the clock did not jump. Bins without
    data or counts are all alike and repeat none.
    """
    width = pl.col("width")
    stop = pl.col("start") + (width * 1e9).round().cast(pl.Int64)
    gap = (pl.col("start") - stop.shift(1)) / 1e9
    narrow = pl.min_horizontal(width, width.shift(1))
    return [
        gap.over(KEYS).alias("gap"),
        narrow.over(KEYS).alias("narrow"),
        (width == width.shift(1)).over(KEYS).alias("same"),
        ((gap.abs() < JUMP_S).mean() > REGULAR).over(KEYS).alias("touching"),
        pl.all_horizontal(
            pl.col(name).eq_missing(pl.col(name).shift(1))
            for name in ("start", "value")
        )
        .over(KEYS)
        .and_(pl.col("value").is_finite(), pl.col("value") != 0)
        .fill_null(value=False)
        .alias("again"),
    ]


def _shift() -> pl.Expr:
    """Return by how much a bin is shifted against those before it, s; null if it is not.

    Bins of unequal width have no grid: less than half a bin of time between bins of a
    series that otherwise touch is a shift, more is a gap.
    """
    gap, narrow = pl.col("gap"), pl.col("narrow")
    allowed = pl.when("same").then(JUMP_S).otherwise(OVERLAP_SHARE * narrow)
    back = gap < -pl.max_horizontal(allowed, pl.lit(JUMP_S))
    phase = gap - (gap / narrow).round() * narrow
    forward = pl.col("same") & (phase.abs() > JUMP_S) & (gap < GRID_BINS * narrow)
    small = ~pl.col("same") & pl.col("touching") & (gap > allowed) & (gap < narrow / 2)
    shift = pl.when(back | small).then(gap).when(forward & (gap > 0)).then(phase)
    return shift.alias("shift")
