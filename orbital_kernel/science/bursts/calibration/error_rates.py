"""The detector's error rates: false alarms a day, and the share of bursts it finds.

False alarms are counted on real files except around catalogued bursts (excluding what
the detector itself finds would bias the count), on simulated background, or on inverted
net series, in which only noise can rise. Bursts that no catalogue contains count as
alarms, so the rate on real files is an upper limit. Completeness is measured with
bursts injected into real quiet stretches at random times. Every number has an interval.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import log
from typing import NamedTuple

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts import Settings, scan
from orbital_kernel.science.bursts.calibration.injection import (
    EDGE_S,
    Pulse,
    inject,
    place,
    truth,
)
from orbital_kernel.science.columns import simulated
from orbital_kernel.science.counting import poisson_interval, wilson_interval

DAY_S = 86_400.0
ALARMS = ("burst", "unknown")


def inverted(series: pl.DataFrame) -> pl.DataFrame:
    """Return a net series with the opposite sign: the same noise, but no burst rises in it.

    Parameters
    ----------
    series
        Rows of a net series of `rates`.

    Raises
    ------
    QueryError
        If the rows are raw counts, whose background is not zero.
    """
    if series["kind"].unique().to_list() != ["net"]:
        raise QueryError(
            "only a net series can be turned upside down; these rows are raw"
        )
    return series.with_columns(-pl.col("rate"))


def quiet(
    series: pl.DataFrame, excursions: pl.DataFrame, margin_s: float = EDGE_S
) -> pl.DataFrame:
    """Return the rows that are further than a margin from every excursion.

    Parameters
    ----------
    series
        Rows of `rates`.
    excursions
        What `scan` returned for them.
    margin_s
        Margin, s. After an excursion its length is excluded once more: bursts have tails.
    """
    keep = np.ones(series.height, dtype=bool)
    met = series["met_s"].to_numpy()
    for row in excursions.iter_rows(named=True):
        start = row["met_s"] + min(row["t90_start_s"] or 0.0, 0.0)
        lasts = max(row["timescale_s"], row["t90_s"] or 0.0)
        keep &= (met < start - margin_s) | (met > start + 2 * lasts + margin_s)
    return series.filter(keep)


def not_catalogued(series: pl.DataFrame, excursions: pl.DataFrame) -> pl.DataFrame:
    """Return the rows except those around excursions that match a catalogue entry.

    Parameters
    ----------
    series
        Rows of `rates`.
    excursions
        What `scan` returned for them, with `matches` of `science.bursts.match`.
    """
    return quiet(series, excursions.filter(pl.col("matches") != "[]"))


def exposure_s(series: pl.DataFrame) -> float:
    """Return the measured time of a series, s; null and zero-filled bins do not count."""
    measured = series.filter(pl.col("rate").is_not_null())
    if series["kind"][0] == "raw":
        counted = measured.group_by("met_s").agg(pl.col("rate").sum())
        measured = measured.join(
            counted.filter(pl.col("rate") > 0), on="met_s", how="semi"
        )
    return float(measured.unique("met_s")["bin_s"].sum())


def false_alarms(
    quiet_series: Iterable[pl.DataFrame],
    thresholds: Sequence[float],
    settings: Settings = Settings(),  # noqa: B008
) -> pl.DataFrame:
    """Return false alarms a day at each threshold, with an interval of 90 %.

    Parameters
    ----------
    quiet_series
        Series of `rates` without bursts. Each is scanned once, at the lowest threshold.
    thresholds
        Thresholds to count at: sigma of bins of 1 s, as in Settings.
    settings
        Other settings of the detector.

    Returns
    -------
    polars.DataFrame
        threshold (sigma), alarms (excursions of cause burst or unknown), days (exposure,
        d), per_day, low and high (alarms / d), simulated (whether any series is).

    References
    ----------
    Garwood 1936, Biometrika 28, 437 (interval).
    """
    lowest = min(thresholds)
    sensitive = replace(
        settings,
        net_sigma=lowest,
        raw_sigma=lowest,
        net_open_sigma=min(settings.net_open_sigma, lowest),
        raw_open_sigma=min(settings.raw_open_sigma, lowest),
    )
    seen: list[float] = []
    seconds, any_simulated = 0.0, False
    for series in quiet_series:
        any_simulated = any_simulated or simulated(series)
        seconds += exposure_s(series)
        excursions = scan(series, sensitive).filter(pl.col("cause").is_in(ALARMS))
        more = 2 * max(-log(float(series["bin_s"][0])), 0.0)
        seen += [
            max(sigma**2 - more, 0.0) ** 0.5
            for sigma in excursions["significance"].drop_nulls().to_list()
        ]
    days = seconds / DAY_S
    rows = []
    for threshold in thresholds:
        alarms = sum(sigma >= threshold for sigma in seen)
        low, high = poisson_interval(alarms)
        a_day = (alarms / days, low / days, high / days)
        rows.append((threshold, alarms, days, *a_day, any_simulated))
    names = ["threshold", "alarms", "days", "per_day", "low", "high", "simulated"]
    return pl.DataFrame(rows, schema=names, orient="row")


def threshold_for(alarms: pl.DataFrame, per_day: float) -> float:
    """Return the lowest threshold (sigma) with at most a rate of false alarms a day.

    Raises QueryError if even the highest threshold of `alarms`, which `false_alarms`
    returns, has more.
    """
    good = alarms.filter(pl.col("per_day") <= per_day).sort("threshold")
    if good.is_empty():
        raise QueryError(
            f"no threshold up to {max(alarms['threshold'].to_list())} sigma has at most"
            f" {per_day} false alarms a day; try higher ones"
        )
    return float(good["threshold"][0])


def completeness(
    quiet_series: Sequence[pl.DataFrame],
    pulses: Iterable[Pulse],
    *,
    tries: int = 20,
    seed: int = 0,
    settings: Settings = Settings(),  # noqa: B008
) -> pl.DataFrame:
    """Return the share of injected bursts that the detector finds, by length and fluence.

    Parameters
    ----------
    quiet_series
        Series of `rates` without bursts, long enough for the pulses.
    pulses
        Bursts to inject.
    tries
        Injections of each pulse, at random times.
    seed
        Seed of the random numbers.
    settings
        Settings of the detector.

    Returns
    -------
    polars.DataFrame
        lasts_s (s), sigma, tries, found (rows of cause burst whose window overlaps the
        pulse), share, low and high (90 %); offset_s (window start minus true start, s,
        median) and t90_ratio (T90 over the true one, median), with _low and _high (5 and
        95 %); t90_near (share within 25 % or two bins); simulated (true).

    References
    ----------
    Wilson 1927, J. Am. Stat. Assoc. 22, 209 (interval).
    """
    rng = np.random.default_rng(seed)
    rows = []
    for pulse in pulses:
        hits = [
            hit
            for k in range(tries)
            if (
                hit := _recovered(
                    quiet_series[k % len(quiet_series)], pulse, rng, settings
                )
            )
        ]
        low, high = wilson_interval(len(hits), tries)
        rows.append(
            {
                "lasts_s": pulse.lasts_s,
                "sigma": pulse.sigma,
                "tries": tries,
                "found": len(hits),
                "share": len(hits) / tries,
                "low": low,
                "high": high,
                **_spread("offset_s", [hit.offset_s for hit in hits]),
                **_spread("t90_ratio", [hit.t90_ratio for hit in hits]),
                "t90_near": _mean([hit.t90_near for hit in hits]),
                "simulated": True,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


class Hit(NamedTuple):
    """A burst found: its window's start after the true one, s, and its T90, if any."""

    offset_s: float
    t90_ratio: float | None
    t90_near: bool | None


def _recovered(
    series: pl.DataFrame, pulse: Pulse, rng: np.random.Generator, settings: Settings
) -> Hit | None:
    """Inject a pulse at a random time; return how it is found, or None."""
    start = place(series, pulse, rng)
    added = inject(series, start, pulse, int(rng.integers(2**31)))
    true = truth(pulse, start)
    hit = scan(added, settings).filter(
        (pl.col("cause") == "burst")
        & (pl.col("met_s") <= true.stop)
        & (pl.col("met_s") + pl.col("timescale_s") >= start)
    )
    if hit.is_empty():
        return None
    row = hit.sort("significance").row(-1, named=True)
    offset = row["met_s"] - start
    if row["t90_s"] is None:
        return Hit(offset, None, None)
    near = max(0.25 * true.t90_s, 2 * float(series["bin_s"][0]))
    off = abs(row["t90_s"] - true.t90_s)
    return Hit(offset, row["t90_s"] / true.t90_s, off <= near)


def _spread(name: str, values: Sequence[float | None]) -> dict[str, float | None]:
    """Return median, 5 and 95 % of the values there are, by column name."""
    present = [value for value in values if value is not None]
    names = (name, f"{name}_low", f"{name}_high")
    if not present:
        return dict.fromkeys(names)
    return dict(
        zip(names, np.quantile(present, (0.5, 0.05, 0.95)).tolist(), strict=True)
    )


def _mean(values: Sequence[bool | None]) -> float | None:
    present = [value for value in values if value is not None]
    return float(np.mean(present)) if present else None
