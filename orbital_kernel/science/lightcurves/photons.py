"""Photons counted in bins.

Exposure is the live part of good time only. A bin without exposure is absent, not zero.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import TT, demand
from orbital_kernel.science.counting import ERRORS
from orbital_kernel.science.lightcurves.exposure import (
    NS,
    inside,
    live_seconds,
    merged,
    nanoseconds,
)

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_BINS = 50_000_000


def bin_events(
    events: pl.DataFrame,
    intervals: pl.DataFrame,
    bin_s: float,
    *,
    band_kev: tuple[float, float] | None = None,
    background: pl.DataFrame | None = None,
    backscale: float | None = None,
    start: Any = None,
    errors: str = "gehrels",
) -> pl.DataFrame:
    """Return `rates` rows of photons counted in bins.

    Parameters
    ----------
    events
        Photons of one source region: time (TT); energy_ev (eV) if `band_kev` is given.
    intervals
        Good times of their instrument: time and time_stop (TT), live_s (s) where dead
        time is known. Photons outside good time do not count.
    bin_s
        Width of a bin, s.
    band_kev
        Nominal energies to count, keV, lower edge included; all by default.
    background
        Photons of a background region; rates are then net.
    backscale
        Area of the source region over that of the background region.
    start
        Start of the first bin (TT); the first good time by default.
    errors
        'gehrels' (default: never zero) or 'gauss', as in `science.counting.ERRORS`.

    Returns
    -------
    polars.DataFrame
        time (TT, start of the bin), bin_s (s), rate and rate_err (counts per second of
        live good time), counts, exposure_fraction (live), unit, kind ('raw' or 'net'), band_low_kev
        and band_high_kev (keV), and obs_id, object, instrument, simulated if constant. Bins
        without exposure are absent.

    Raises
    ------
    QueryError
        If the width is not above zero, `errors` is unknown, or only one of `background`
        and `backscale` is given.

    References
    ----------
    Gehrels 1986, ApJ 303, 336, eq. 7, for errors='gehrels'.
    """
    demand(events, "time", subject="events")
    if not (0 < bin_s < np.inf) or errors not in ERRORS:
        raise QueryError(
            f"bins need a width > 0 s and errors of {sorted(ERRORS)};"
            f" got {bin_s} s and {errors!r}"
        )
    if (background is None) != (backscale is None):
        raise QueryError("a background needs both its events and its backscale")
    good = merged(intervals)
    width = round(bin_s * NS)
    origin = _origin(good, start)
    bins = _live_bins(good, origin, width)
    starts = origin + bins * width
    live = live_seconds(good, starts, starts + width)
    bins, starts, live = bins[live > 0], starts[live > 0], live[live > 0]
    counts = _counted(events, good, bins, origin=origin, width=width, band=band_kev)
    net, error = counts, ERRORS[errors](counts)
    if background is not None and backscale is not None:
        other = _counted(
            background, good, bins, origin=origin, width=width, band=band_kev
        )
        net = counts - backscale * other
        error = np.hypot(error, backscale * ERRORS[errors](other))
    low, high = band_kev or (None, None)
    return pl.DataFrame(
        {
            "time": pl.Series(starts).cast(TT),
            "bin_s": np.full(starts.size, width / NS),
            "rate": net / live,
            "rate_err": error / live,
            "counts": counts,
            "exposure_fraction": live / (width / NS),
        }
    ).with_columns(
        pl.lit("ct / s").alias("unit"),
        pl.lit("raw" if background is None else "net").alias("kind"),
        pl.lit(low, pl.Float64).alias("band_low_kev"),
        pl.lit(high, pl.Float64).alias("band_high_kev"),
        *(
            _constant(events, name)
            for name in ("obs_id", "object", "instrument", "simulated")
        ),
    )


def _origin(good: pl.DataFrame, start: Any) -> int:
    if start is not None:
        return int(pl.Series([start]).cast(TT).cast(pl.Int64)[0])
    return int(nanoseconds(good, "time")[0]) if good.height else 0


def _live_bins(good: pl.DataFrame, origin: int, width: int) -> Ints:
    """Return the numbers of the bins that any good time touches."""
    first = (nanoseconds(good, "time") - origin) // width
    last = (nanoseconds(good, "time_stop") - 1 - origin) // width
    total = int((last - first + 1).sum())
    if total > MOST_BINS:
        raise QueryError(
            f"{total:,} bins of {width / NS:g} s were requested, {MOST_BINS:,} is the most;"
            " take wider bins or fewer intervals"
        )
    spans = [np.arange(a, b + 1) for a, b in zip(first, last, strict=True)]
    return np.unique(np.concatenate(spans)) if spans else np.empty(0, np.int64)


def _counted(
    events: pl.DataFrame,
    good: pl.DataFrame,
    bins: Ints,
    *,
    origin: int,
    width: int,
    band: tuple[float, float] | None,
) -> Reals:
    if band is not None:
        demand(events, "energy_ev", subject="events selected by energy")
        energy = pl.col("energy_ev") / 1000
        events = events.filter((energy >= band[0]) & (energy < band[1]))
    times = nanoseconds(events, "time")
    times = times[inside(good, times)]
    where = np.searchsorted(bins, (times - origin) // width)
    return np.bincount(where, minlength=bins.size).astype(np.float64)


def _constant(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return the only value of a column; null if it has none or several."""
    values = frame[name].drop_nulls().unique() if name in frame.columns else None
    constant = values is not None and values.len() == 1
    kind = pl.Boolean if name == "simulated" else pl.String
    return pl.lit(
        values[0] if constant and values is not None else None, dtype=kind
    ).alias(name)
