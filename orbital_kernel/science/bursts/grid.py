"""Rows that hold every channel of every bin once, in order: placed without sorting."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.bursts.samples import Floats, Layout, Samples, filled


@dataclass(frozen=True)
class Grid:
    """The places of the rows: starts of the bins (bins,), and the columns by channel.

    `by_channel` is true if rows are in order of channel, false if in order of bin; `column` (1 or bins, channels) is the order of the channels.
    """

    met: Floats
    by_channel: bool
    column: NDArray[np.int64]

    def samples(self, frame: pl.DataFrame, shape: Layout) -> Samples:
        """Return the rows as bins."""
        return filled(frame, shape, self.met, self._placed)

    def _placed(self, values: Floats) -> Floats:
        """Return values of rows as (bins, channels), a copy."""
        bins = len(self.met)
        cells = values.reshape(-1, bins).T if self.by_channel else values
        cells = cells.reshape(bins, -1)
        order = np.argsort(self.column, axis=1)
        if len(order) == 1:
            return np.asarray(np.take(cells, order[0], axis=1), dtype=np.float64)
        return np.asarray(np.take_along_axis(cells, order, axis=1), dtype=np.float64)


def grid(frame: pl.DataFrame, shape: Layout) -> Grid | None:
    """Return the places of rows in order of channel or of bin.

    None if a bin lacks a channel, is duplicated or out of order: such rows have to be
    sorted first.
    """
    count = len(shape.channels)
    bins, remainder = divmod(frame.height, count)
    if remainder or bins == 0:
        return None
    met = frame["met_s"].to_numpy()
    channel = frame["channel"].to_numpy()
    by_channel = count > 1 and bins > 1 and channel[0] == channel[1]
    if by_channel:
        mets, channels = met.reshape(count, bins).T, channel.reshape(count, bins).T
    else:
        mets, channels = met.reshape(bins, count), channel.reshape(bins, count)
    first = np.array(mets[:, 0])
    if not (first[1:] > first[:-1]).all() or not _same(mets, first[:, None]):
        return None
    if _same(channels, channels[:1]):
        channels = channels[:1]
    column = np.searchsorted(shape.channels, channels)
    if not (np.sort(column, axis=1) == np.arange(count)).all():
        return None
    return Grid(first, by_channel, column)


def _same(values: NDArray[np.generic], expected: NDArray[np.generic]) -> bool:
    return bool((values == expected).all())
