"""Rows of `rates` as arrays: one line a bin, one column a band."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError

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
    """What the bins of a series are: kind, unit, width, and the bands looked at.

    `total` is the band that stands for the whole: the only one, the channel that
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
    kinds = frame["kind"].unique().to_list()
    if len(kinds) != 1 or kinds[0] not in {"net", "raw"}:
        raise QueryError(
            f"a series is of one kind, net or raw; these rows are {kinds}: scan each"
            " series by itself"
        )
    heads = frame.unique("channel", keep="first", maintain_order=True).sort("channel")
    names = [
        band or (f"channel {channel}" if heads.height > 1 else "all")
        for band, channel in heads.select("band", "channel").iter_rows()
    ]
    whole = _whole(heads)
    summed = heads.height > 1 and whole is None
    return Layout(
        kind=kinds[0],
        unit=heads["unit"][0] or ("count / s" if kinds[0] == "raw" else ""),
        bin_s=float(frame["bin_s"].median()),  # type: ignore[arg-type]
        channels=tuple(heads["channel"].to_list()),
        bands=(*names, "sum") if summed else tuple(names),
        total=heads.height if summed else (whole or 0),
    )


def _whole(heads: pl.DataFrame) -> int | None:
    """Return the place of the channel whose band covers all others, if any does."""
    low, high = heads["band_low_kev"], heads["band_high_kev"]
    if heads.height == 1 or low.null_count() or high.null_count():
        return None
    covers = (low == low.min()) & (high == high.max())
    return int(covers.arg_max()) if covers.sum() == 1 else None  # type: ignore[arg-type]


def tabulate(frame: pl.DataFrame, shape: Layout) -> Samples:
    """Return rows as bins in order of time; doubles of a bin and channel count once.

    Raw bins that lack a channel or are zero in all are left out: nothing was measured.
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
    width = place(frame["bin_s"].to_numpy())
    width[~(np.isfinite(width) & (width > 0))] = np.nan
    width = np.fmax.reduce(width, axis=1)
    seconds = np.where(np.isnan(width), shape.bin_s, width)
    cells = {
        name: place(frame[name].to_numpy())
        for name in (("rate", "counts") if shape.raw else ("rate", "rate_err"))
    }
    return (_raw if shape.raw else _net)(shape, met, seconds, cells)


def _raw(shape: Layout, met: Floats, seconds: Floats, cells: dict[str, Any]) -> Samples:
    counts, rate = cells["counts"], cells["rate"]
    uncounted = ~np.isfinite(counts)
    if uncounted.any():
        counts = np.where(uncounted, rate * seconds[:, None], counts)
    counts[np.isnan(rate)] = np.nan
    measured = np.isfinite(counts).all(axis=1) & (counts >= 0).all(axis=1)
    measured &= (counts > 0).any(axis=1)
    if not measured.all():
        met, seconds, counts = met[measured], seconds[measured], counts[measured]
    counts = _with_sum(shape, counts)
    return Samples(met, seconds, counts, counts)


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
