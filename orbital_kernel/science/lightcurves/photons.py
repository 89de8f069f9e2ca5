"""Photons counted in bins.

Exposure is the live part of good time only. A bin without exposure is absent, not zero.
Errors and limits are those of counts (`science.counting`), never of rates in quadrature.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science import counting, on_off
from orbital_kernel.science.columns import TT, demand
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
    limit_confidence: float = counting.LIMIT,
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
    limit_confidence
        Confidence of `rate_limit`, and of a detection; 3 sigma by default.

    Returns
    -------
    polars.DataFrame
        time (TT, start of the bin), bin_s (s), rate (counts per second of live good
        time), rate_err_plus and rate_err_minus (1 sigma, exact), rate_err (half their
        sum), is_limit (no source is seen at that confidence), rate_limit (its upper
        limit), counts, background_counts, backscale, exposure_fraction (live), unit, kind
        ('raw' or 'net'), band_low_kev and band_high_kev (keV), and obs_id, object,
        instrument, simulated if constant. Bins without exposure are absent.

    Raises
    ------
    QueryError
        If the width is not above zero, or only one of `background` and `backscale` is
        given.

    References
    ----------
    Gehrels 1986, ApJ 303, 336; with a background see
    `science.on_off.on_off_bounds`.
    """
    demand(events, "time", subject="events")
    if not 0 < bin_s < np.inf:
        raise QueryError(f"bins need a width > 0 s; got {bin_s} s")
    if (background is None) != (backscale is None):
        raise QueryError("a background needs both its events and its backscale")
    good = merged(intervals)
    width = round(bin_s * NS)
    origin = _origin(good, start)
    bins = live_bins(good, origin, width)
    starts = origin + bins * width
    live = live_seconds(good, starts, starts + width)
    bins, starts, live = bins[live > 0], starts[live > 0], live[live > 0]
    counts = _counted(events, good, bins, origin=origin, width=width, band=band_kev)
    off = None
    if background is not None:
        off = _counted(
            background, good, bins, origin=origin, width=width, band=band_kev
        )
    low, high = band_kev or (None, None)
    return pl.DataFrame(
        {
            "time": pl.Series(starts).cast(TT),
            "bin_s": np.full(starts.size, width / NS),
            **rates_of(counts, live, off, backscale, limit_confidence),
            "counts": counts,
            "background_counts": off,
            "backscale": backscale,
            "exposure_fraction": live / (width / NS),
        },
        schema_overrides={"background_counts": pl.Float64, "backscale": pl.Float64},
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


def rates_of(
    counts: Reals,
    live_s: Reals,
    off: Reals | None = None,
    ratio: Reals | float | None = None,
    limit_confidence: float = counting.LIMIT,
) -> Mapping[str, NDArray[Any]]:
    """Return rate, its errors, is_limit and rate_limit of counts in live time (n,), s.

    `off` are counts of a background and `ratio` the area times exposure of the source
    over its own. A bin is a limit if zero is within the bounds of `limit_confidence`.
    """
    if off is None or ratio is None:
        net = counts
        low, high = counting.poisson_bounds(counts)
        limit = counting.poisson_limit(counts, limit_confidence)
        faint = counts == 0
    else:
        net = counts - ratio * off
        low, high = on_off.on_off_bounds(counts, off, ratio)
        limit = on_off.on_off_limit(counts, off, ratio, limit_confidence)
        faint = on_off.chance(counts, off, ratio) > (1 - limit_confidence) / 2
    plus, minus = np.maximum(high - net, 0.0), np.maximum(net - low, 0.0)
    return {
        "rate": net / live_s,
        "rate_err": (plus + minus) / 2 / live_s,
        "rate_err_plus": plus / live_s,
        "rate_err_minus": minus / live_s,
        "is_limit": faint,
        "rate_limit": limit / live_s,
    }


def _origin(good: pl.DataFrame, start: Any) -> int:
    if start is not None:
        return int(pl.Series([start]).cast(TT).cast(pl.Int64)[0])
    return int(nanoseconds(good, "time")[0]) if good.height else 0


def live_bins(good: pl.DataFrame, origin: int, width: int) -> Ints:
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
