"""Series that begin late or end early, against the good time of their file or a channel.

A file states its good time, or its header first start and last stop (kind 'span').
Bins of real files reach both to one bin. A header may also state how long the bins are
together (ONTIME), which finds what is missing anywhere. Channels of a series are compared with each
other, too. Events have no bins: a stretch far longer than their usual spacing is missing.
"""

import polars as pl

from orbital_kernel.science.columns import TT, fill
from orbital_kernel.science.quality.check import Measured
from orbital_kernel.science.quality.grid import series_name

ENDS = "missing ends"
SPAN = "span"
"""Intervals of this kind are a file's first start and last stop, without good times."""
KINDS = ("gti", SPAN)
EDGE_EVENTS = 50
SPACINGS = 30.0
"""A stretch without events so many times their spacing has a chance of e^-30."""
KEYS = ["file", "series", "channel"]
NAMED = 3
FILL = {
    "file_sha256": pl.String(),
    "instrument": pl.String(),
    "obs_id": pl.String(),
    "kind": pl.String(),
    "channel": pl.Int16(),
}


class Ends:
    """Compares the ends of series with those of their files; takes rows in any order."""

    def __init__(self, observatory: str) -> None:
        self._observatory = observatory
        self._series: list[pl.DataFrame] = []
        self._files: list[pl.DataFrame] = []
        self._on_time: dict[str, float] = {}
        self.rows = 0

    def take(self, frame: pl.DataFrame) -> None:
        """Take some intervals, rates, points or events, by their columns."""
        of_file = pl.concat_str(
            "obs_id", "instrument", separator=" ", ignore_nulls=True
        )
        if "on_s" in frame.columns:
            stated = frame.drop_nulls("on_s").select("file_sha256", "on_s").rows()
            self._on_time |= dict(stated)
        rows = fill(frame, FILL).drop_nulls("time")
        rows = rows.with_columns(
            pl.col("time").cast(TT).cast(pl.Int64).alias("start"),
            pl.col("channel").cast(pl.Int16).fill_null(0),
            pl.coalesce("file_sha256", of_file).cast(pl.String).alias("file"),
            pl.col("file_sha256").is_not_null().alias("sure"),
        )
        if not len(rows):
            return
        if "time_stop" in rows.columns:
            self._files = [_extents([*self._files, _good_times(rows)])]
            return
        edges = _of_events(rows) if "energy_ev" in rows.columns else _of_bins(rows)
        self.rows += len(edges)
        self._series.append(edges)
        if len(self._series) > 64:
            self._series = [_joined(self._series)]

    def measured(self) -> list[Measured]:
        """Return the time that series lack at their ends."""
        series = _joined(self._series) if self._series else None
        compared = None if series is None else self._compared(series)
        if compared is None or not len(compared):
            why = f"no series of {self._observatory} has good time or several channels"
            return [Measured(ENDS, self._observatory, missing=why)]
        short = compared.filter(pl.col("lost") > 0).sort("lost", descending=True)
        short = short.unique(["file", "series"], keep="first", maintain_order=True)
        number = compared.select("file", "series").n_unique()
        words = f"{len(short):,} of {number:,} series begin late or end early"
        for row in short.head(NAMED).iter_rows(named=True):
            at = "end" if row["lost"] == row["tail"] else "begin"
            words += f"; the bins of {row['series']} {at} {row['lost'] / 1e9:,.3f} s "
            words += f"{'before' if at == 'end' else 'after'} {row['against']}"
        since = short.select(
            pl.when(pl.col("lost") == pl.col("tail")).then("last").otherwise("begin")
        ).to_series()
        return [
            Measured(
                ENDS,
                self._observatory,
                float(short["lost"].sum()) / 1e9,
                evidence=words,
                since=int(since.min()) if len(short) else None,  # type: ignore[arg-type]
                worst="bad" if short["sure"].any() or not len(short) else "warn",
            )
        ]

    def _compared(self, series: pl.DataFrame) -> pl.DataFrame:
        """Return the series that can be compared, with the time that they lack, ns."""
        several = pl.len().over("file", "series") > 1
        ends = series.with_columns(
            begin=pl.when(several).then(pl.col("first").min().over("file", "series")),
            end=pl.when(several).then(pl.col("last").max().over("file", "series")),
            against=pl.lit("those of another channel"),
        )
        parts = [ends.drop_nulls("begin")]
        if self._files:
            extents = _extents(self._files)
            good = series.join(extents.drop("sure"), on="file", how="inner")
            parts.append(good.select(ends.columns))
        if self._on_time:
            parts.append(self._short_of_on_time(series))
        compared = pl.concat(part.select(parts[0].columns) for part in parts)
        tail, head = pl.col("end") - pl.col("last"), pl.col("first") - pl.col("begin")
        return compared.with_columns(
            tail=pl.when(tail > pl.col("late_by")).then(tail).otherwise(0),
            head=pl.when(head > pl.col("early_by")).then(head).otherwise(0),
        ).with_columns(lost=pl.max_horizontal("tail", "head"))

    def _short_of_on_time(self, series: pl.DataFrame) -> pl.DataFrame:
        """Return the series of files that state the time of their bins.

        What is missing anywhere is put at the end.
        """
        stated = pl.DataFrame(
            {
                "file": list(self._on_time),
                "on": [round(s * 1e9) for s in self._on_time.values()],
            }
        )
        missing = pl.col("on") - pl.col("covered")
        return (
            series.join(stated, on="file", how="inner")
            .filter(pl.col("covered") > 0)
            .with_columns(
                begin=pl.col("first"),
                end=pl.col("last") + missing,
                against=pl.lit("the time on source of the file's header is full"),
            )
        )


def _good_times(rows: pl.DataFrame) -> pl.DataFrame:
    """Return first start and last stop (ns) of each file's good time."""
    used = rows.filter(pl.col("kind").is_in(KINDS)).drop_nulls("time_stop")
    stop = pl.col("time_stop").cast(TT).cast(pl.Int64)
    return used.group_by("file", "kind").agg(
        pl.col("start").min().alias("begin"),
        stop.max().alias("end"),
        pl.col("sure").all(),
    )


def _extents(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per file: of its good times if it has some, else of its span."""
    both = pl.concat(part.drop("against", strict=False) for part in parts)
    single = both.group_by("file", "kind").agg(
        pl.col("begin").min(), pl.col("end").max(), pl.col("sure").all()
    )
    words = pl.when(kind=SPAN).then(pl.lit("what the file's header states"))
    return (
        single.sort("kind")
        .unique("file", keep="first", maintain_order=True)
        .with_columns(against=words.otherwise(pl.lit("the file's good time")))
    )


def _of_bins(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the ends of each series of bins: rates, or points that have a width."""
    if "bin_s" in rows.columns:
        before, after = pl.lit(0.0), pl.col("bin_s").cast(pl.Float64)
        name = pl.col("series").cast(pl.String)
    else:
        edges = {f"time_err_{side}_s": pl.Float64() for side in ("minus", "plus")}
        rows = fill(rows, edges)
        before, after = (pl.col(name).cast(pl.Float64) for name in edges)
        name = series_name(rows)
    ns = [(edge * 1e9).round().cast(pl.Int64) for edge in (before, after)]
    bins = rows.select(
        "file",
        "channel",
        "sure",
        name.alias("series"),
        (pl.col("start") - ns[0]).alias("first"),
        (pl.col("start") + ns[1]).alias("last"),
    ).filter(pl.col("last") > pl.col("first"))
    width = (pl.col("last") - pl.col("first")).max()
    return bins.group_by(KEYS).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        width.alias("early_by"),
        width.alias("late_by"),
        (pl.col("last") - pl.col("first")).sum().alias("covered"),
        pl.col("sure").all(),
    )


def _of_events(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the ends of each file's events, and the stretch that may be without any."""
    start = pl.col("start").sort()

    def stretch(edge: pl.Expr) -> pl.Expr:
        spacing = (edge.max() - edge.min()) / (EDGE_EVENTS - 1)
        return (SPACINGS * spacing).round().cast(pl.Int64)

    name = pl.concat_str(
        pl.lit("events of"), "obs_id", "instrument", separator=" ", ignore_nulls=True
    )
    events = rows.with_columns(
        name.alias("series"), pl.lit(0, pl.Int16).alias("channel")
    )
    ends = events.group_by(KEYS).agg(
        pl.len().alias("number"),
        pl.col("start").min().alias("first"),
        pl.col("start").max().alias("last"),
        stretch(start.head(EDGE_EVENTS)).alias("early_by"),
        stretch(start.tail(EDGE_EVENTS)).alias("late_by"),
        pl.lit(0, pl.Int64).alias("covered"),
        pl.col("sure").all(),
    )
    return ends.filter(pl.col("number") >= EDGE_EVENTS).drop("number")


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per series."""
    columns = [*KEYS, "first", "last", "early_by", "late_by", "covered", "sure"]
    return (
        pl.concat(part.select(columns) for part in parts)
        .group_by(KEYS)
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("early_by").sort_by("first").first(),
            pl.col("late_by").sort_by("last").last(),
            pl.col("covered").sum(),
            pl.col("sure").all(),
        )
    )
