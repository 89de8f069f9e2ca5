"""Thresholds from calibration: sigma that keeps false alarms a day below a rate.

The curves come from `orbital bursts calibrate --keep` and lie in thresholds.json beside
this file, with the seed, the exposure and the command they were made with.
"""

import json
from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts.calibration.calibration import false_alarms
from orbital_kernel.science.bursts.calibration.quiet import made
from orbital_kernel.science.bursts.settings import Settings

FILE = Path(__file__).with_name("thresholds.json")
KINDS = {
    "net 1 s": ("net", 1.0, 1),
    "net 64 ms": ("net", 0.064, 1),
    "raw 1 s": ("raw", 1.0, 1),
    "raw 64 ms x 4": ("raw", 0.064, 4),
}
TRIED = tuple(round(4.0 + 0.1 * k, 1) for k in range(31))
DEFAULT_PER_DAY = 0.01
"""The thresholds of Settings are those for so many false alarms of noise a day."""
UNKNOWN_BELOW = 0.5
"""Raw excesses this far below the threshold of a burst are told as unknown."""


def curve(kind: str, days: float, seed: int) -> pl.DataFrame:
    """Return false alarms a day against threshold, by `false_alarms`, of quiet series.

    `kind` is a key of KINDS.
    """
    name, bin_s, channels = KINDS[kind]
    series = made(name, bin_s, days, channels=channels, seed=seed)
    return false_alarms(series, TRIED)


def keep(curves: dict[str, pl.DataFrame], provenance: dict[str, Any]) -> None:
    """Write curves as the stored calibration."""
    kept = {
        kind: {
            "days": round(table["days"][0], 4),
            "threshold": table["threshold"].to_list(),
            "alarms": table["alarms"].to_list(),
        }
        for kind, table in curves.items()
    }
    text = json.dumps({"provenance": provenance, "curves": kept}, indent=1)
    FILE.write_text(text + "\n", encoding="utf-8")


def stored() -> dict[str, Any]:
    """Return the stored calibration: provenance and curves."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def curves() -> pl.DataFrame:
    """Return the stored curves: a row a kind and threshold (sigma), with alarms a day.

    Columns: kind, days, threshold, alarms, per_day, simulated: their background was
    made, not measured.
    """
    frames = [
        pl.DataFrame({"kind": kind, **told})
        for kind, told in stored()["curves"].items()
    ]
    a_day = (pl.col("alarms") / pl.col("days")).alias("per_day")
    return pl.concat(frames).with_columns(a_day, pl.lit(value=True).alias("simulated"))


def sigma_for(kind: str, per_day: float) -> float:
    """Return sigma (of bins of 1 s) with at most so many false alarms a day of noise.

    Below the rates the exposure reaches, the curve goes on as the tail of a Gaussian
    does from the last threshold with at least three alarms. Raises QueryError for a
    rate that is not above zero.
    """
    if not per_day > 0:
        raise QueryError(f"false alarms a day must be above 0, not {per_day}")
    curve = stored()["curves"][kind]
    known = [
        (sigma, alarms / curve["days"])
        for sigma, alarms in zip(curve["threshold"], curve["alarms"], strict=True)
        if alarms >= 3
    ]
    for sigma, rate in known:
        if rate <= per_day:
            return float(sigma)
    sigma, rate = known[-1] if known else (curve["threshold"][0], 3 / curve["days"])
    return float((sigma**2 + 2 * max(log(rate / per_day), 0.0)) ** 0.5)


def rate_at(kind: str, sigma: float) -> float:
    """Return false alarms of noise a day at a threshold, extended as `sigma_for`."""
    low, high = 1e-12, 1e9
    for _ in range(120):
        middle = exp(0.5 * (log(low) + log(high)))
        low, high = (middle, high) if sigma_for(kind, middle) > sigma else (low, middle)
    return high


def settings_for(per_day: float, settings: Settings = Settings()) -> Settings:  # noqa: B008
    """Return settings with at most so many false alarms of noise a day and series.

    Of the widths of bins a kind was calibrated with, the one that needs most counts.
    """
    net, raw = (
        max(sigma_for(kind, per_day) for kind in KINDS if kind.startswith(name))
        for name in ("net", "raw")
    )
    return replace(
        settings,
        net_sigma=net,
        net_open_sigma=min(settings.net_open_sigma, net),
        raw_burst_sigma=raw,
        raw_sigma=raw - UNKNOWN_BELOW,
        raw_open_sigma=min(settings.raw_open_sigma, raw - UNKNOWN_BELOW),
    )
