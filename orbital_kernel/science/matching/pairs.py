"""Pointings of two observatories at the same place at about the same time.

One search for both conditions: cells on the sky, sorted by time within a cell. Each
pointing bisects the times of the nine cells around it, so the cost follows the pairs
found and not the product of the logs, even where one field was observed thousands of
times. A log's start and stop are not exposure: for simultaneous data use `overlaps`
with good time intervals.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import TT, demand, either, finite
from orbital_kernel.science.lightcurves.exposure import nanoseconds
from orbital_kernel.science.matching.skyjoin import (
    apart_deg,
    half_width_deg,
    unit_vectors,
)
from orbital_kernel.science.ranges import expanded

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALLEST_CELL_DEG = 0.05
DAY_NS = 86_400 * 10**9
TIME_BITS = 34
"""Seconds since 1690 in the low bits of a sort key: 544 years."""

_EPOCH_S = 9_000_000_000
_NAMES = ("obs_id", "object", "exposure_s")


def pairs_in_time(
    obs_a: pl.DataFrame,
    obs_b: pl.DataFrame,
    *,
    within_days: float,
    within_arcmin: float | None = None,
    within_arcsec: float | None = None,
    after_days: float | None = None,
) -> pl.DataFrame:
    """Return pairs of rows that are near on the sky and near in start time.

    Parameters
    ----------
    obs_a, obs_b
        Rows with ra and dec (deg, ICRS) and time (TT); if known obs_id, object,
        exposure_s (s), simulated. Rows without time or position have no pairs.
    within_days
        Largest difference of start times, d, in either order.
    within_arcmin, within_arcsec
        Largest separation, arcmin or arcsec (0 to 20 deg); exactly one must be given.
    after_days
        Least value of dt_days, d; by default -within_days.

    Returns
    -------
    polars.DataFrame
        row_a, row_b; obs_id_a, object_a, exposure_s_a (s) and the same of b, if known;
        time_a, time_b (TT), separation_arcmin, dt_days (start of b minus start of a, d),
        simulated (of either row). In order of time_a.

    Raises
    ------
    QueryError
        If not exactly one separation between 0 and 20 deg is given, or no time lies in the
        range.

    Examples
    --------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from orbital_kernel.science.matching import pairs_in_time
    >>> pointing = pl.DataFrame({"ra": [10.0], "dec": [0.0], "time": [datetime(2026, 1, 1)]})
    >>> pairs_in_time(pointing, pointing, within_days=1, within_arcmin=5)["dt_days"].to_list()
    [0.0]
    """
    radius = _radius_deg(within_arcmin, within_arcsec)
    earliest = -within_days if after_days is None else after_days
    if not (earliest <= within_days and np.isfinite([earliest, within_days]).all()):
        raise QueryError(f"no time lies between {earliest} and {within_days} days")
    cells = _Cells(radius)
    a, b = (_placed(obs, cells) for obs in (obs_a, obs_b))
    i, j, apart = _joined(cells, a, b, (earliest * DAY_NS, within_days * DAY_NS))
    rows_a, rows_b = obs_a[a["row"].gather(i)], obs_b[b["row"].gather(j)]
    lag = (nanoseconds(rows_b, "time") - nanoseconds(rows_a, "time")) / DAY_NS
    return pl.DataFrame(
        {
            "row_a": a["row"].gather(i),
            "row_b": b["row"].gather(j),
            **{f"{n}_a": rows_a[n] for n in _NAMES if n in rows_a.columns},
            **{f"{n}_b": rows_b[n] for n in _NAMES if n in rows_b.columns},
            "time_a": rows_a["time"].cast(TT),
            "time_b": rows_b["time"].cast(TT),
            "separation_arcmin": apart * 60,
            "dt_days": lag,
            **either(rows_a, rows_b),
        }
    ).sort("time_a", "row_a", "row_b")


def _radius_deg(arcmin: float | None, arcsec: float | None) -> float:
    if (arcmin is None) == (arcsec is None):
        raise QueryError("give either within_arcmin or within_arcsec")
    radius = arcmin / 60 if arcmin is not None else (arcsec or 0.0) / 3600
    if not 0 <= radius <= 20:
        raise QueryError(f"a separation of {radius:g} deg is not between 0 and 20")
    return radius


def _placed(frame: pl.DataFrame, cells: "_Cells") -> pl.DataFrame:
    """Return row, position, time and sort key, in the key's order."""
    demand(frame, "ra", "dec", "time", subject="observations")
    placed = (
        frame.select(finite("ra") % 360, finite("dec"), pl.col("time").cast(TT))
        .with_columns(pl.int_range(pl.len()).alias("row"))
        .drop_nulls()
    )
    return placed.with_columns(pl.Series("key", cells.key_of(placed))).sort("key")


def _joined(
    cells: "_Cells", a: pl.DataFrame, b: pl.DataFrame, lags_ns: tuple[float, float]
) -> tuple[Ints, Ints, Reals]:
    (ra, dec), t1 = (a[n].to_numpy() for n in ("ra", "dec")), nanoseconds(a, "time")
    keys, t2 = b["key"].to_numpy(), nanoseconds(b, "time")
    v1, v2 = (unit_vectors(f["ra"].to_numpy(), f["dec"].to_numpy()) for f in (a, b))
    early, late = ((t1 + round(lag)) // 10**9 for lag in lags_ns)
    parts = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    for rows, zone, step in cells.around(dec):
        low, high = (
            cells.keys(zone, ra[rows], step, seconds)
            for seconds in (early[rows] - 1, late[rows] + 1)
        )
        first = np.searchsorted(keys, low, side="left")
        last = np.searchsorted(keys, high, side="right")
        for x, j in expanded(first, last):
            i = rows[x]
            apart, lag = apart_deg(v1[i], v2[j]), t2[j] - t1[i]
            good = (apart <= cells.radius) & (lag >= lags_ns[0]) & (lag <= lags_ns[1])
            parts.append((i[good], j[good], apart[good]))
    i, j, apart = (np.concatenate(column) for column in zip(*parts, strict=True))
    return i, j, apart


class _Cells:
    """Zones of declination cut in RA, no cell smaller than the radius either way."""

    def __init__(self, radius: float) -> None:
        self.radius = radius
        self._height = max(radius, SMALLEST_CELL_DEG) + 1e-6
        zones = int(np.ceil(180 / self._height)) + 1
        bottom = np.arange(zones) * self._height - 90
        edge = np.maximum(np.abs(bottom), np.abs(bottom + self._height)) + self._height
        width = half_width_deg(np.minimum(edge, 90.0), self._height)
        self._across = np.maximum(np.floor(360 / width), 1).astype(np.int64)
        self._first = np.cumsum(self._across) - self._across

    def zone(self, dec: Reals) -> Ints:
        return np.floor((dec + 90) / self._height).astype(np.int64)

    def keys(self, zone: Ints, ra: Reals, step: Ints, seconds: Ints) -> Ints:
        """Return sort keys of the cells `step` further in RA: cell, then second."""
        across = self._across[zone]
        cell = np.minimum((ra / 360 * across).astype(np.int64), across - 1)
        cell = self._first[zone] + (cell + step) % across
        second = np.clip(seconds + _EPOCH_S, 0, (1 << TIME_BITS) - 1)
        return (cell << TIME_BITS) + second

    def key_of(self, placed: pl.DataFrame) -> Ints:
        """Return each position's own key."""
        seconds = nanoseconds(placed, "time") // 10**9
        zone = self.zone(placed["dec"].to_numpy())
        return self.keys(zone, placed["ra"].to_numpy(), np.zeros_like(zone), seconds)

    def around(self, dec: Reals) -> list[tuple[Ints, Ints, Ints]]:
        """Return the up to nine (rows, zone, step in RA) that cover each neighbourhood.

        A zone of one or two cells around a pole is searched once per cell, not three times.
        """
        home = self.zone(dec)
        blocks = []
        for up in (-1, 0, 1):
            zone = home + up
            real = (zone >= 0) & (zone < self._across.size)
            for step in (0, 1, -1):
                wide = (
                    self._across[np.where(real, zone, 0)]
                    > (0, 1, 2)[abs(step) + (step < 0)]
                )
                rows = np.flatnonzero(real & wide)
                blocks.append((rows, zone[rows], np.full(rows.size, step)))
        return blocks
