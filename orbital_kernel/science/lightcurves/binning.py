"""Light curves on other bins: photons into bins, and bins into wider ones.

Exposure comes from good time intervals alone. No bin reaches across a gap, and a bin
without exposure is absent: it is no zero.
"""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import TT, demand, fill, finite, with_seconds
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


def gehrels(counts: Reals) -> Reals:
    """Return 1 + sqrt(n + 0.75), the upper 1-sigma error of few counts.

    Gehrels 1986, ApJ 303, 336, eq. 7; never zero, some per cent large above 20.
    """
    return np.asarray(1 + np.sqrt(counts + 0.75))


def gauss(counts: Reals) -> Reals:
    """Return sqrt(n), right for many counts, zero for none."""
    return np.sqrt(counts)


ERRORS: Mapping[str, Callable[[Reals], Reals]] = {"gehrels": gehrels, "gauss": gauss}

_SERIES = ("series", "obs_id", "object", "channel", "unit", "kind", "instrument")
_CARRIED = ("band", "band_low_kev", "band_high_kev", "simulated", "time_rule", "utcf_s")


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
    """Return `rates` rows of photons counted in bins of `bin_s` seconds.

    `events` are those of one source region, `intervals` the good times of their
    instrument; photons outside good time do not count. `band_kev` selects by nominal
    energy. With `background` photons of another region and `backscale` (source area
    over background area) rates are net. Bins start at `start` (TT), else at the
    first good time; columns: time (bin start), bin_s, counts, rate, rate_err, unit,
    kind, exposure_fraction, and band where given. Errors as named in ERRORS.
    Raises QueryError for a bad width, unknown errors or half a background.
    """
    demand(events, "time", what="events")
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


def rebin(
    rates: pl.DataFrame, *, width_s: float | None = None, snr: float | None = None
) -> pl.DataFrame:
    """Return wider bins: of `width_s`, or as long as it takes to reach `snr`.

    With both, a bin closes at whichever comes first. Each series, channel and unit is
    treated by itself; bins without data and gaps end a bin. Column `bins` tells how
    many went in. Rates are means weighted by exposure, errors add in quadrature (Poisson from `counts` where there is no
    error). What is left at the end of an exposure joins the bin before it, if any.
    Where columns `background` (and `background_err`) in the rates' unit are given,
    S/N is that of the rate above background; without, of the rate itself, which for
    raw rates of a whole detector says nothing of a source.
    Raises QueryError where neither is given or one is not positive.
    """
    demand(rates, "time", "bin_s", "rate", "unit", what="rates")
    if (width_s is None and snr is None) or any(
        x is not None and x <= 0 for x in (width_s, snr)
    ):
        raise QueryError(f"rebin by a width or an S/N > 0; got {width_s} s, S/N {snr}")
    by = [name for name in _SERIES if name in rates.columns]
    usable = _usable(rates).sort(*by, "time")
    labels = (
        _slots(usable, by, width_s)
        if snr is None
        else _groups(usable, by, width_s, snr)
    )
    return _summed(usable.with_columns(pl.Series("_bin", labels)), by)


def _origin(good: pl.DataFrame, start: Any) -> int:
    if start is not None:
        return int(pl.Series([start]).cast(TT).cast(pl.Int64)[0])
    return int(nanoseconds(good, "time")[0]) if good.height else 0


def _live_bins(good: pl.DataFrame, origin: int, width: int) -> Ints:
    """Return the numbers of bins that any good time touches, without the empty ones."""
    first = (nanoseconds(good, "time") - origin) // width
    last = (nanoseconds(good, "time_stop") - 1 - origin) // width
    total = int((last - first + 1).sum())
    if total > MOST_BINS:
        raise QueryError(
            f"{total:,} bins of {width / NS:g} s are asked for, {MOST_BINS:,} is the most;"
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
        demand(events, "energy_ev", what="events selected by energy")
        energy = pl.col("energy_ev") / 1000
        events = events.filter((energy >= band[0]) & (energy < band[1]))
    times = nanoseconds(events, "time")
    times = times[inside(good, times)]
    where = np.searchsorted(bins, (times - origin) // width)
    return np.bincount(where, minlength=bins.size).astype(np.float64)


def _constant(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return the one value a column has; null where there are none or several."""
    values = frame[name].drop_nulls().unique() if name in frame.columns else None
    one = values is not None and values.len() == 1
    kind = pl.Boolean if name == "simulated" else pl.String
    return pl.lit(values[0] if one and values is not None else None, dtype=kind).alias(
        name
    )


def _usable(rates: pl.DataFrame) -> pl.DataFrame:
    """Keep bins with data, their exposure `_live` and variance `_var` of rate x live."""
    frame = fill(
        rates,
        {n: pl.Float64() for n in ("rate_err", "counts", "exposure_fraction")}
        | {n: pl.Float64() for n in ("background", "background_err")},
    )
    live = pl.col("bin_s") * pl.col("exposure_fraction").fill_null(1.0)
    poisson = pl.col("counts").clip(lower_bound=1.0).sqrt() / live
    error = pl.coalesce(finite("rate_err"), poisson)
    return (
        frame.with_columns(
            live.alias("_live"),
            error.alias("_err"),
            pl.col("background").fill_null(0.0).alias("_bkg"),
            pl.col("background_err").fill_null(0.0).alias("_bkg_err"),
        )
        .filter(
            finite("rate").is_not_null(), (pl.col("_live") > 0), (pl.col("_err") > 0)
        )
        .with_columns(
            (pl.col("_err") * pl.col("_live")).pow(2).alias("_var"),
        )
    )


def _runs(usable: pl.DataFrame, by: list[str]) -> Ints:
    """Return the number of each bin's gapless stretch; half a bin of slack for jitter."""
    start = nanoseconds(usable, "time")
    width = (usable["bin_s"].to_numpy() * NS).astype(np.int64)
    stop = start + width
    new = np.ones(start.size, dtype=bool)
    new[1:] = start[1:] - stop[:-1] > width[1:] // 2
    if by and usable.height:
        changed = usable.select(pl.struct(by).ne_missing(pl.struct(by).shift(1)))
        new |= changed.to_series().fill_null(value=True).to_numpy()
    return np.cumsum(new)


def _slots(usable: pl.DataFrame, by: list[str], width_s: float | None) -> Ints:
    """Label bins by run and place on one grid from the series' first bin."""
    runs = _runs(usable, by)
    start = nanoseconds(usable, "time")
    if not start.size:
        return runs
    first = pl.Series(start).to_frame("t")
    origin = first.select(pl.col("t").min().over(pl.Series("r", _series(usable, by))))
    middle = start + (usable["bin_s"].to_numpy() * NS / 2).astype(np.int64)
    slot = (middle - origin["t"].to_numpy()) // round((width_s or 1.0) * NS)
    new = np.ones(start.size, dtype=bool)
    new[1:] = (np.diff(runs) != 0) | (np.diff(slot) != 0)
    return np.cumsum(new)


def _series(usable: pl.DataFrame, by: list[str]) -> Ints:
    if not by:
        return np.zeros(usable.height, dtype=np.int64)
    return (
        usable.select(pl.struct(by).rank("dense")).to_series().cast(pl.Int64).to_numpy()
    )


def _groups(
    usable: pl.DataFrame, by: list[str], width_s: float | None, snr: float
) -> Ints:
    """Label bins greedily, run by run."""
    runs = _runs(usable, by)
    live = usable["_live"].to_numpy()
    signal = (usable["rate"] - usable["_bkg"]).to_numpy() * live
    noise = usable["_var"].to_numpy() + (usable["_bkg_err"].to_numpy() * live) ** 2
    bins = np.stack([signal, noise, usable["bin_s"].to_numpy()], axis=1)
    labels = np.zeros(runs.size, dtype=np.int64)
    most = np.inf if width_s is None else width_s
    edges = np.flatnonzero(np.diff(runs, prepend=-1, append=-1))
    for first, last in itertools.pairwise(edges.tolist()):
        fresh = labels[first - 1] + 1 if first else 0
        labels[first:last] = fresh + _closed(bins[first:last], snr, most)
    return labels


def _closed(bins: Reals, snr: float, most_s: float) -> Ints:
    """Label one run's bins (signal, variance, width): next when S/N or width is met."""
    labels, label, unfinished = [], 0, True
    total = variance = length = 0.0
    for signal, noise, width in bins.tolist():
        labels.append(label)
        total, variance, length = total + signal, variance + noise, length + width
        unfinished = total < snr * variance**0.5 and length < most_s
        if not unfinished:
            label, total, variance, length = label + 1, 0.0, 0.0, 0.0
    last = np.array(labels, dtype=np.int64)
    return np.where(last == label, max(label - 1, 0), last) if unfinished else last


def _summed(labelled: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return one row a label: means weighted by exposure, errors in quadrature."""
    live, seconds = pl.col("_live"), pl.col("_live").sum()
    stop = pl.col("time").cast(TT) + pl.duration(nanoseconds=pl.col("bin_s") * NS)
    kept = [name for name in (*_CARRIED, "met_s") if name in labelled.columns]
    counts = pl.when(pl.col("counts").null_count() == 0).then(pl.col("counts").sum())
    summed = labelled.group_by("_bin", maintain_order=True).agg(
        *(pl.col(name).first() for name in (*by, *kept)),
        pl.col("time").cast(TT).min(),
        (stop.max() - pl.col("time").min()).alias("_span"),
        ((pl.col("rate") * live).sum() / seconds).alias("rate"),
        (pl.col("_var").sum().sqrt() / seconds).alias("rate_err"),
        counts.alias("counts"),
        pl.len().alias("bins"),
        seconds.alias("live_s"),
    )
    summed = with_seconds(summed, "bin_s", pl.col("_span"))
    return summed.with_columns(
        (pl.col("live_s") / pl.col("bin_s")).alias("exposure_fraction")
    ).drop("_bin", "_span", "live_s")
