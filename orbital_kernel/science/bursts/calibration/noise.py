"""Simulated series of background only, for exposures longer than any archive has.

Raw counts are Poisson on a level that follows an orbit and drifts; net rates are normal
with the errors they state. Particles and changes of pointing, which real series have,
are not simulated: false alarms on these series are those of noise alone.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

MET = 400_000_000.0
STRETCH_S = 1500.0
"""Observations are about so long: an orbit's visible part."""
ORBIT_S = 5700.0
LEVEL = 6500.0
SWING = 0.05
CHANNELS = (0.4, 0.3, 0.2, 0.1)
NET_ERROR = 0.01
"""Error of a mask-weighted rate in 1 s, counts/s a detector."""
DAY_S = 86_400.0


def noise_series(
    kind: str, bin_s: float, days: float, *, channels: int = 1, seed: int = 0
) -> Iterator[pl.DataFrame]:
    """Yield simulated series of `rates`, 1500 s each.

    Parameters
    ----------
    kind
        'raw' (counts of the whole array) or 'net' (mask-weighted rates).
    bin_s
        Width of a bin, s.
    days
        Exposure of all series together, d.
    channels
        Number of energy channels of a raw series.
    seed
        Seed of the random numbers.

    Yields
    ------
    polars.DataFrame
        met_s and bin_s (s), channel, rate (counts/s), counts or rate_err (counts/s),
        kind, unit, simulated (true).
    """
    rng = np.random.default_rng(seed)
    for k in range(max(round(days * DAY_S / STRETCH_S), 1)):
        met = MET + k * 2 * STRETCH_S + np.arange(round(STRETCH_S / bin_s)) * bin_s
        rates = (
            _raw(met, bin_s, channels, rng) if kind == "raw" else _net(met, bin_s, rng)
        )
        yield rates.with_columns(pl.lit(value=True).alias("simulated"))


def _raw(
    met: np.ndarray, bin_s: float, channels: int, rng: np.random.Generator
) -> pl.DataFrame:
    phase = rng.uniform(0, 2 * np.pi)
    level = LEVEL * (1 + SWING * np.sin(2 * np.pi * (met - met[0]) / ORBIT_S + phase))
    split = CHANNELS if channels == len(CHANNELS) else (1 / channels,) * channels
    counts = [rng.poisson(level * bin_s * part).astype(np.float64) for part in split]
    return pl.concat(
        pl.DataFrame(
            {
                "met_s": met,
                "bin_s": bin_s,
                "channel": number,
                "rate": values / bin_s,
                "counts": values,
                "kind": "raw",
                "unit": "count / s",
            }
        )
        for number, values in enumerate(counts)
    )


def _net(met: np.ndarray, bin_s: float, rng: np.random.Generator) -> pl.DataFrame:
    error = NET_ERROR / np.sqrt(bin_s)
    return pl.DataFrame(
        {
            "met_s": met,
            "bin_s": bin_s,
            "channel": 0,
            "rate": rng.normal(0.0, error, len(met)),
            "rate_err": error,
            "kind": "net",
            "unit": "count / s",
        }
    )
