"""Crowded light curves: of points in one column of the plot, those that show its extent.

The lowest, the middle and the highest point of each column are drawn, with their own
errors. A line through the lowest and the highest points of columns as narrow as a pixel
covers what all points would cover (Jugel et al. 2014, PVLDB 7, 797).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orbital_kernel.plots.curve_axes import Reals, times_of

COLUMNS = 600
"""Columns of the time axis shown, and of all times beyond it."""
Window = tuple[float, float]


@dataclass
class Thinning:
    """Which points of the series of a panel are drawn, and how many of how many.

    Parameters
    ----------
    scale
        The time axis, as in `plots.light_curve`.
    most
        Most points of a panel that are each drawn; None draws all.
    window
        Ends of the time axis shown, in its coordinates; None is all of it.
    """

    scale: str
    most: int | None
    window: Window | None
    is_crowded: bool = False
    is_crowded_within: bool = False
    points: int = 0
    drawn: int = 0

    def of(self, panel: pl.DataFrame) -> None:
        """Take the points of all series of a panel."""
        if self.most is not None:
            self.is_crowded = panel.height > self.most
            self.is_crowded_within = self.within(panel).height > self.most

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return all points within the window if they are few, and the extent of others.

        `rows` are a series with a `value`, or the value of a panel as `y`.
        """
        chosen = self._chosen(rows)
        self.points += rows.height
        self.drawn += chosen.height
        return chosen

    def within(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the points within the window; all of them if it has none."""
        inside = self._inside(times_of(rows, self.scale)[0])
        return rows.filter(inside) if inside.any() else rows

    @property
    def words(self) -> str:
        """A sentence on a drawing that is thinned; '' of one that is not."""
        if self.drawn == self.points:
            return ""
        return (
            f"{self.drawn:,} drawn: the lowest, middle and highest of each 1/{COLUMNS} "
            "of the time axis"
        )

    def _chosen(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not self.is_crowded:
            return rows
        times = times_of(rows, self.scale)[0]
        inside, x = self._inside(times), _positions(times, self.scale)
        y = rows["y" if "y" in rows.columns else "value"].to_numpy()
        each = inside & (not self.is_crowded_within)
        chosen = [np.flatnonzero(each)]
        for part in (inside & ~each, ~inside):
            at = np.flatnonzero(part)
            chosen.append(at[_extremes(x[at], y[at])])
        return rows[np.sort(np.concatenate(chosen))]

    def _inside(self, times: Reals) -> Reals:
        low, high = self.window or (-np.inf, np.inf)
        inside: Reals = (times >= low) & (times <= high)
        return inside


def _positions(x: Reals, scale: str) -> Reals:
    """Return times as they are spaced along the axis."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spaced: Reals = np.log10(x) if scale == "log" else np.asarray(x, np.float64)
    return spaced


def _extremes(x: Reals, y: Reals) -> Reals:
    """Return where the lowest, middle and highest of each column are."""
    if len(x) == 0:
        return np.empty(0, np.int64)
    low, high = np.nanmin(x), np.nanmax(x)
    columns = np.floor((x - low) / ((high - low) or 1.0) * COLUMNS)
    order: Reals = np.lexsort((y, columns))
    ordered = columns[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    last = np.r_[first[1:], len(order)] - 1
    chosen: Reals = order[np.unique([*first, *((first + last) // 2), *last])]
    return chosen
