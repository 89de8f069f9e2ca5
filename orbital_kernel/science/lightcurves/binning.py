"""Light curves on wider bins, with errors from counts; no bin reaches across a gap."""

import itertools

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import TT, demand, fill, finite, with_seconds
from orbital_kernel.science.counting import poisson_bounds
from orbital_kernel.science.lightcurves.exposure import NS, nanoseconds
from orbital_kernel.science.lightcurves.photons import rates_of

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_SERIES = ("series", "obs_id", "object", "channel", "unit", "kind", "instrument")
_CARRIED = ("band", "band_low_kev", "band_high_kev", "simulated", "time_rule", "utcf_s")


def rebin(
    rates: pl.DataFrame, *, width_s: float | None = None, snr: float | None = None
) -> pl.DataFrame:
    """Return wider bins: of a width, or as long as an S/N requires.

    Parameters
    ----------
    rates
        time (TT, start of the bin), bin_s (s), rate, unit; if known rate_err, counts,
        exposure_fraction, background and background_err (in `unit`), series, channel.
        Each series, channel and unit is binned separately.
    width_s
        Width of a bin, s.
    snr
        Signal-to-noise ratio at which a bin closes: of the rate above `background`, or of
        the rate itself if there is none. For raw rates of a whole detector the latter
        does not measure a source. With `width_s` too, a bin closes at whichever comes
        first.

    Returns
    -------
    polars.DataFrame
        time (TT), bin_s (s), rate (mean weighted by exposure) and rate_err, counts,
        exposure_fraction, bins (how many were combined). Where the rates are those of
        counts (`bin_events` and raw rates), errors follow from the sum of the counts, with
        rate_err_plus, rate_err_minus, is_limit and rate_limit of the sum; else they are
        added in quadrature. Gaps and bins without data end a bin; the remainder of an
        exposure joins the bin before it.

    Raises
    ------
    QueryError
        If neither `width_s` nor `snr` is given, or one is not above zero.
    """
    demand(rates, "time", "bin_s", "rate", "unit", subject="rates")
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


def _usable(rates: pl.DataFrame) -> pl.DataFrame:
    """Keep bins with data, their exposure `_live` and variance `_var` of rate x live."""
    frame = fill(
        rates,
        {n: pl.Float64() for n in ("rate_err", "counts", "exposure_fraction")}
        | {n: pl.Float64() for n in ("background", "background_err")}
        | {n: pl.Float64() for n in ("background_counts", "backscale")},
    )
    live = pl.col("bin_s") * pl.col("exposure_fraction").fill_null(1.0)
    high = poisson_bounds(np.nan_to_num(frame["counts"].cast(pl.Float64).to_numpy()))[1]
    poisson = pl.Series(high) - pl.col("counts")
    error = pl.coalesce(finite("rate_err"), poisson / live)
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
        .with_columns((pl.col("_err") * pl.col("_live")).pow(2).alias("_var"))
        .with_columns(
            pl.when(_is_of_counts("_live"))
            .then(_net_variance())
            .otherwise("_var")
            .alias("_noise")
        )
    )


def _is_of_counts(live: str) -> pl.Expr:
    """Return whether a rate is that of the row's counts, less a counted background."""
    background = (pl.col("backscale") * pl.col("background_counts")).fill_null(0.0)
    net = pl.col("counts") - background
    apart = (pl.col("rate") * pl.col(live) - net).abs()
    return (apart <= 1e-6 * (1 + pl.col("counts"))).fill_null(value=False)


def _net_variance() -> pl.Expr:
    scaled = pl.col("backscale").pow(2) * pl.col("background_counts")
    return pl.col("counts") + scaled.fill_null(0.0)


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
    noise = usable["_noise"].to_numpy() + (usable["_bkg_err"].to_numpy() * live) ** 2
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
        seen = variance > 0 and total >= snr * variance**0.5
        unfinished = not seen and length < most_s
        if not unfinished:
            label, total, variance, length = label + 1, 0.0, 0.0, 0.0
    last = np.array(labels, dtype=np.int64)
    return np.where(last == label, max(label - 1, 0), last) if unfinished else last


def _summed(labelled: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return one row a label: means weighted by exposure, errors from counts if known."""
    live, seconds = pl.col("_live"), pl.col("_live").sum()
    stop = pl.col("time").cast(TT) + pl.duration(nanoseconds=pl.col("bin_s") * NS)
    carried = [name for name in (*_CARRIED, "met_s") if name in labelled.columns]
    summed = labelled.group_by("_bin", maintain_order=True).agg(
        *(pl.col(name).first() for name in (*by, *carried)),
        pl.col("time").cast(TT).min(),
        (stop.max() - pl.col("time").min()).alias("_span"),
        ((pl.col("rate") * live).sum() / seconds).alias("rate"),
        (pl.col("_var").sum().sqrt() / seconds).alias("rate_err"),
        _total("counts"),
        _total("background_counts"),
        pl.when(pl.col("backscale").n_unique() == 1)
        .then(pl.col("backscale").first())
        .alias("backscale"),
        pl.len().alias("bins"),
        seconds.alias("live_s"),
    )
    summed = with_seconds(summed, "bin_s", pl.col("_span"))
    summed = _errors_of_counts(summed)
    return summed.with_columns(
        (pl.col("live_s") / pl.col("bin_s")).alias("exposure_fraction")
    ).drop("_bin", "_span", "live_s")


def _total(name: str) -> pl.Expr:
    """Return the sum of a column, null if any bin lacks it."""
    return pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name)


def _errors_of_counts(summed: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with errors of their counts, where rates are those of counts."""
    counted = summed.with_row_index("_row").filter(_is_of_counts("live_s"))
    if counted.is_empty():
        return summed.drop("background_counts", "backscale")
    alone = counted["background_counts"].is_null().all()
    columns = rates_of(
        counted["counts"].to_numpy(),
        counted["live_s"].to_numpy(),
        None if alone else counted["background_counts"].fill_null(0.0).to_numpy(),
        None if alone else counted["backscale"].fill_null(0.0).to_numpy(),
    )
    errors = counted.select("_row").with_columns(
        pl.Series(name, values) for name, values in columns.items() if name != "rate"
    )
    return (
        summed.with_row_index("_row")
        .join(errors, on="_row", how="left", suffix="_of_counts", maintain_order="left")
        .with_columns(pl.coalesce("rate_err_of_counts", "rate_err").alias("rate_err"))
        .drop("_row", "rate_err_of_counts")
    )
