"""Which catalogued burst or notice an excursion coincides with, by time alone."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.lightcurves.dating import is_local
from orbital_kernel.science.near_earth import near_earth
from orbital_kernel.science.precedence import T90, TIME, united

LEAST_S = 5.0
SHARE = 0.1
LINK_S = 1000.0
NOT_MATCHED = ("saa", "turn-on")
NOTICE_REACH_S = 10.0

Nanoseconds = NDArray[np.int64]
NS = 1_000_000_000


@dataclass(frozen=True)
class Spans:
    """Times of known bursts in order of their triggers, ns TT, and their names."""

    trigger: Nanoseconds
    start: Nanoseconds
    stop: Nanoseconds
    entries: list[dict[str, Any]]


def match(
    bursts: pl.DataFrame, grbs: pl.DataFrame, notices: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the excursions with `matches`: the bursts and notices they coincide with.

    Parameters
    ----------
    bursts
        Excursions: time (TT), timescale_s (s), cause; if known t90_s, t90_start_s (s),
        series.
    grbs
        Rows of the burst catalogues.
    notices
        Rows of `notices`; only those with the role 'observation' count.

    Returns
    -------
    polars.DataFrame
        The excursions with `matches`, a JSON list of catalog (that of the trigger time),
        name, trigger_id, offset_s (window start minus trigger, s) and relation; one entry
        per burst, whatever the number of catalogues.

    Notes
    -----
    An excursion coincides with a burst if its window or T90 overlaps the burst's T90,
    widened on both sides by a tenth of it and at least 5 s (if T90 is unknown: the trigger
    time). Excursions of the same series within 1000 s of one that coincides are its further
    episodes. Times of arrival at the barycentre (`time_rule`) are up to 500 s off: neither
    excursions nor bursts with such times coincide with any.
    """
    lists = [_from_grbs(near_earth(grbs))]
    if notices is not None:
        lists.append(_from_notices(notices))
    matches: list[list[dict[str, Any]]] = [[] for _ in range(bursts.height)]
    start = _ns(bursts["time"])
    first, stop = _emission(bursts, start)
    open_to = ~bursts["cause"].is_in(NOT_MATCHED).to_numpy() & (start > 0)
    if "time_rule" in bursts.columns:
        open_to &= bursts.select(is_local()).to_series().to_numpy()
    for k in np.flatnonzero(open_to):
        for catalogue in lists:
            matches[k] += _coincident(
                int(start[k]), (int(first[k]), int(stop[k])), catalogue
            )
    _link(bursts, start, open_to, matches)
    return bursts.with_columns(
        pl.Series("matches", [json.dumps(entries) for entries in matches], pl.String)
    )


def _emission(
    bursts: pl.DataFrame, start: Nanoseconds
) -> tuple[Nanoseconds, Nanoseconds]:
    """Return start and stop of window and T90 together."""
    stop = start + _span(bursts["timescale_s"].fill_null(0.0))
    if not {"t90_s", "t90_start_s"} <= set(bursts.columns):
        return start, stop
    t90 = start + _span(bursts["t90_start_s"].fill_null(0.0))
    end = t90 + _span(bursts["t90_s"].fill_null(0.0))
    return np.minimum(start, t90), np.maximum(stop, end)


def _coincident(
    start: int, emission: tuple[int, int], spans: Spans
) -> list[dict[str, Any]]:
    first, stop = emission
    hits = np.flatnonzero((spans.start <= stop) & (spans.stop >= first))
    return [
        spans.entries[k] | {"offset_s": _seconds(start - int(spans.trigger[k]))}
        for k in hits
    ]


def _link(
    bursts: pl.DataFrame,
    start: Nanoseconds,
    open_to: NDArray[np.bool_],
    matches: list[list[dict[str, Any]]],
) -> None:
    """Give excursions without a match the matches of a neighbour in the same series."""
    series = (
        bursts["series"].fill_null("").to_numpy()
        if "series" in bursts.columns
        else np.zeros(bursts.height)
    )
    matched = np.array([bool(entries) for entries in matches], dtype=bool)
    direct = [list(entries) for entries in matches]
    for k in np.flatnonzero(open_to & ~matched):
        near = matched & (series == series[k])
        near &= np.abs(start - start[k]) <= LINK_S * NS
        if not near.any():
            continue
        distance = np.where(near, np.abs(start - start[k]), np.iinfo(np.int64).max)
        nearest = int(np.argmin(distance))
        shift = _seconds(int(start[k] - start[nearest]))
        matches[k] = [
            entry
            | {"offset_s": round(entry["offset_s"] + shift, 6), "relation": "episode"}
            for entry in direct[nearest]
        ]


def _from_grbs(grbs: pl.DataFrame) -> Spans:
    """Return spans of catalogued bursts: T90 and its tolerance around the trigger.

    Time and T90 of a burst are those of the catalogues that come first.
    """
    listed = united(grbs, TIME, T90).filter(pl.col("time").is_not_null())
    trigger = _ns(listed["time"])
    t90 = listed["t90_s"].fill_null(0.0).to_numpy()
    first = listed["t90_start_s"].fill_null(0.0).to_numpy()
    last = listed["t90_stop_s"].to_numpy().astype(np.float64)
    last = np.where(np.isnan(last), first + t90, last)
    widened = np.maximum(LEAST_S, SHARE * t90)
    entries = [
        {"catalog": c, "name": n, "trigger_id": t, "relation": "coincident"}
        for c, n, t in listed.select("t0_source", "name", "trigger_id").iter_rows()
    ]
    return Spans(
        trigger,
        trigger + ((first - widened) * NS).astype(np.int64),
        trigger + ((last + widened) * NS).astype(np.int64),
        entries,
    )


def _from_notices(notices: pl.DataFrame) -> Spans:
    """Return spans around the trigger times of real notices; tests do not count."""
    real = notices.filter(
        (pl.col("role") == "observation") & pl.col("time").is_not_null()
    ).sort("time", "kind", "notice_id", "trigger_id", nulls_last=True)
    trigger = _ns(real["time"])
    reach = int(NOTICE_REACH_S * NS)
    entries = [
        {"catalog": k, "name": n, "trigger_id": t, "relation": "coincident"}
        for k, n, t in real.select("kind", "notice_id", "trigger_id").iter_rows()
    ]
    return Spans(trigger, trigger - reach, trigger + reach, entries)


def _ns(instants: pl.Series) -> Nanoseconds:
    """Return instants as integers, missing ones as 0."""
    integers = instants.cast(pl.Datetime("ns")).cast(pl.Int64).fill_null(0)
    return integers.to_numpy().astype(np.int64)


def _span(seconds: pl.Series) -> Nanoseconds:
    return (seconds.to_numpy() * NS).astype(np.int64)


def _seconds(ns: int) -> float:
    return round(ns / NS, 6)
