"""Series of rates for the detector's tests: from real files, and made with a seed."""

from pathlib import Path

import numpy as np
import polars as pl
from astropy.io import fits

MET = 400_000_000.0


def frame(met, bin_s, values, *, kind, errors=None, channel=0, band=None):
    """Return one channel as rows of `rates`; NaN is no data."""
    return pl.DataFrame(
        {
            "met_s": np.asarray(met, dtype=float),
            "bin_s": float(bin_s),
            "channel": channel,
            "rate": np.asarray(values, dtype=float) / (bin_s if kind == "raw" else 1.0),
            "rate_err": np.full(len(met), np.nan) if errors is None else errors,
            "counts": np.asarray(values, dtype=float) if kind == "raw" else np.nan,
            "kind": kind,
            "unit": "count / s",
            "band": band,
        },
        schema_overrides={"band": pl.String},
    ).with_columns(pl.col("rate", "rate_err", "counts").fill_nan(None))


def real(path: Path) -> pl.DataFrame:
    """Return the series of one BAT light curve or rate file."""
    with fits.open(path) as hdus:
        data, bin_s = hdus[1].data, float(hdus[1].header["TIMEDEL"])
        met = np.array(data["TIME"], dtype=float)
        if "RATE" in data.names:
            measured = np.array(data["ERROR"]) > 0
            rate = np.where(measured, data["RATE"], np.nan)
            error = np.where(measured, data["ERROR"], np.nan)
            return frame(met, bin_s, rate, kind="net", errors=error)
        counts = np.array(data["COUNTS"], dtype=float).reshape(len(met), -1)
    return pl.concat(
        frame(met, bin_s, counts[:, k], kind="raw", channel=k)
        for k in range(counts.shape[1])
    )


def net(*pulses, bins=1200, bin_s=1.0, seed=1, missing=()):
    """Return a quiet mask-weighted series with pulses (start s, length s, sigma a bin)."""
    rng = np.random.default_rng(seed)
    error = 0.01 / np.sqrt(bin_s)
    rate = rng.normal(0.0, error, bins)
    t = np.arange(bins) * bin_s
    for start, lasts, sigma in pulses:
        rate[(t >= start) & (t < start + lasts)] += sigma * error
    for first, end in missing:
        rate[first:end] = np.nan
    return frame(MET + t, bin_s, rate, kind="net", errors=np.full(bins, error))


def raw(*pulses, bins=1200, bin_s=1.0, seed=1, shape=None, channels=1):
    """Return raw counts on a slow trend, pulses as (start s, length s, counts/s)."""
    rng = np.random.default_rng(seed)
    t = np.arange(bins) * bin_s
    level = 6500.0 + 300.0 * np.sin(t / 400.0) if shape is None else shape(t)
    for start, lasts, rate in pulses:
        level = level + rate * ((t >= start) & (t < start + lasts))
    return pl.concat(
        frame(
            MET + t,
            bin_s,
            rng.poisson(np.maximum(level * bin_s / channels, 0.0)).astype(float),
            kind="raw",
            channel=k,
        )
        for k in range(channels)
    )
