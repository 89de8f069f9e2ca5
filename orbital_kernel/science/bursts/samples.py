"""Rows of `rates` as arrays: one line per bin, one column per band."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.compiled import compiled

Floats = NDArray[np.float64]
NEEDED = ("met_s", "bin_s", "rate", "kind")
OPTIONAL = {
    "channel": pl.Int16,
    "rate_err": pl.Float64,
    "counts": pl.Float64,
    "unit": pl.String,
    "band": pl.String,
    "band_low_kev": pl.Float64,
    "band_high_kev": pl.Float64,
}


@dataclass(frozen=True)
class Layout:
    """The bins of a series: kind, unit, width, and its bands.

    `total` is the band of all channels together: the only one, the channel that
    covers all others, or the sum of the channels, which then is the last band.
    """

    kind: str
    unit: str
    bin_s: float
    channels: tuple[int, ...]
    bands: tuple[str, ...]
    total: int

    @property
    def raw(self) -> bool:
        """Whether the bins are counts of the whole array, background included."""
        return self.kind == "raw"

    @property
    def summed(self) -> bool:
        """Whether the last band is the sum of the channels."""
        return len(self.bands) > len(self.channels)


@dataclass(frozen=True)
class Samples:
    """Bins in order: start (n,), width (n,), and by band content and its variance.

    Raw: counts, variance as counted. Net: rate x width, variance 0 where no data.
    """

    met: Floats
    seconds: Floats
    value: Floats
    variance: Floats

    def __len__(self) -> int:
        return len(self.met)

    def cut(self, first: int, end: int | None = None) -> "Samples":
        """Return the bins from `first` to `end` (exclusive)."""
        part = slice(first, end)
        return Samples(
            self.met[part], self.seconds[part], self.value[part], self.variance[part]
        )

    def join(self, other: "Samples") -> "Samples":
        """Return these bins followed by the others."""
        return Samples(
            np.concatenate((self.met, other.met)),
            np.concatenate((self.seconds, other.seconds)),
            np.concatenate((self.value, other.value)),
            np.concatenate((self.variance, other.variance)),
        )


def no_samples(bands: int) -> Samples:
    """Return no bins of so many bands."""
    return Samples(np.empty(0), np.empty(0), np.empty((0, bands)), np.empty((0, bands)))


def rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns the detector reads, absent ones null.

    Raises QueryError where a needed column is absent.
    """
    absent = [name for name in NEEDED if name not in frame.columns]
    if absent:
        raise QueryError(
            f"a series needs the columns {', '.join(NEEDED)} of `rates`;"
            f" this frame has no {', '.join(absent)}"
        )
    return frame.select(
        pl.col("met_s").cast(pl.Float64),
        pl.col("bin_s").cast(pl.Float64),
        pl.col("rate").cast(pl.Float64),
        pl.col("kind"),
        *(
            pl.col(name).cast(kind)
            if name in frame.columns
            else pl.lit(None, dtype=kind).alias(name)
            for name, kind in OPTIONAL.items()
        ),
    ).with_columns(pl.col("channel").fill_null(0))


def layout(frame: pl.DataFrame) -> Layout:
    """Return the layout of the first rows of a series.

    Raises QueryError for rows of several kinds or of none.
    """
    kinds = kinds_of(frame)
    if len(kinds) != 1 or kinds[0] not in {"net", "raw"}:
        raise QueryError(
            f"a series is of one kind, net or raw; these rows are {kinds}: scan each"
            " series by itself"
        )
    heads = _heads(frame)
    names = [
        band or (f"channel {channel}" if heads.height > 1 else "all")
        for band, channel in heads.select("band", "channel").iter_rows()
    ]
    covering = _covering(heads)
    summed = heads.height > 1 and covering is None
    return Layout(
        kind=kinds[0],
        unit=heads["unit"][0] or ("count / s" if kinds[0] == "raw" else ""),
        bin_s=float(frame["bin_s"].median()),  # type: ignore[arg-type]
        channels=tuple(heads["channel"].to_list()),
        bands=(*names, "sum") if summed else tuple(names),
        total=heads.height if summed else (covering or 0),
    )


def kinds_of(frame: pl.DataFrame) -> list[str | None]:
    """Return the kinds of the rows, most often one."""
    kind = frame["kind"]
    if frame.height and kind.null_count() == 0 and (kind == kind[0]).all():
        return [kind[0]]
    return kind.unique().to_list()


def _heads(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the first row of each channel, in order of the channels."""
    channel = frame["channel"]
    firsts = [
        (channel == number).arg_max() for number in channel.unique().sort().to_list()
    ]
    return frame[firsts]


def _covering(heads: pl.DataFrame) -> int | None:
    """Return the place of the channel whose band covers all others, if any does."""
    low, high = heads["band_low_kev"], heads["band_high_kev"]
    if heads.height == 1 or low.null_count() or high.null_count():
        return None
    covers = (low == low.min()) & (high == high.max())
    return int(covers.arg_max()) if covers.sum() == 1 else None  # type: ignore[arg-type]


def tabulate(frame: pl.DataFrame, shape: Layout) -> Samples:
    """Return rows as bins in order of time; duplicates of a bin and channel count once.

    Raw bins that lack a channel or are zero in all are dropped: nothing was measured.
    """
    frame = frame.unique(["met_s", "channel"], keep="first", maintain_order=True)
    met, line = np.unique(frame["met_s"].to_numpy(), return_inverse=True)
    column = np.searchsorted(shape.channels, frame["channel"].to_numpy())

    def scattered(values: Floats) -> Floats:
        cells = np.full((len(met), len(shape.channels)), np.nan)
        cells[line, column] = values
        return cells

    return filled(frame, shape, met, scattered)


def filled(
    frame: pl.DataFrame, shape: Layout, met: Floats, place: Callable[[Floats], Floats]
) -> Samples:
    """Return bins at `met`, `place` putting values of rows into (bin, channel)."""
    seconds = _widths(frame, shape, len(met), place)
    cells = {
        name: place(frame[name].to_numpy())
        for name in (("rate", "counts") if shape.raw else ("rate", "rate_err"))
    }
    return (_raw if shape.raw else _net)(shape, met, seconds, cells)


def _widths(
    frame: pl.DataFrame, shape: Layout, bins: int, place: Callable[[Floats], Floats]
) -> Floats:
    """Return the widths of bins, the usual one where none is given."""
    given = frame["bin_s"]
    if given.null_count() == 0 and given.min() == given.max() and given[0] > 0:
        return np.full(bins, float(given[0]))
    width = place(given.to_numpy())
    width[~(np.isfinite(width) & (width > 0))] = np.nan
    width = np.fmax.reduce(width, axis=1)
    return np.where(np.isnan(width), shape.bin_s, width)


def _raw(shape: Layout, met: Floats, seconds: Floats, cells: dict[str, Any]) -> Samples:
    counts, measured = counted(
        np.ascontiguousarray(cells["counts"]),
        np.ascontiguousarray(cells["rate"]),
        seconds,
        shape.summed,
    )
    if not measured.all():
        met, seconds, counts = met[measured], seconds[measured], counts[measured]
    return Samples(met, seconds, counts, counts)


@compiled
def counted(
    counts: Floats,
    rate: Floats,
    seconds: Floats,
    summed: bool,  # noqa: FBT001
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return counts (n, bands), with the sum last if wanted, and what was measured.

    Missing counts are rate x width. A bin was measured where all
    channels have counts, none negative and not all zero.
    """
    n, channels = counts.shape
    value = np.empty((n, channels + 1 if summed else channels))
    measured = np.empty(n, dtype=np.bool_)
    for i in range(n):
        total = 0.0
        good = True
        for b in range(channels):
            c = counts[i, b]
            if not np.isfinite(c):
                c = rate[i, b] * seconds[i]
            if not (np.isfinite(c) and c >= 0.0) or np.isnan(rate[i, b]):
                good = False
            value[i, b] = c
            total += c
        if summed:
            value[i, channels] = total
        measured[i] = good and total > 0.0
    return value, measured


def _net(shape: Layout, met: Floats, seconds: Floats, cells: dict[str, Any]) -> Samples:
    value = _with_sum(shape, cells["rate"] * seconds[:, None])
    variance = _with_sum(shape, (cells["rate_err"] * seconds[:, None]) ** 2)
    measured = np.isfinite(value) & np.isfinite(variance) & (variance > 0)
    return Samples(
        met, seconds, np.where(measured, value, 0.0), np.where(measured, variance, 0.0)
    )


def _with_sum(shape: Layout, cells: Floats) -> Floats:
    if not shape.summed:
        return cells
    return np.concatenate((cells, cells.sum(axis=1, keepdims=True)), axis=1)
