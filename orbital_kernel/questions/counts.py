"""Photons of one ObsID counted in bins of live time, from the events in the database."""

import time as clock
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.query import Answer, Cone, Query, ucds_by_name
from orbital_kernel.questions.asking import Asks, joint_explain, require_observatories
from orbital_kernel.questions.counts_photons import (
    ClockedPhotons,
    Flags,
    Ints,
    banded,
    in_ns,
    on_clock,
)
from orbital_kernel.science.aperture import Aperture, pixel_arcsec
from orbital_kernel.science.columns import TT
from orbital_kernel.science.lightcurves.edges import Photons, Spans, spans
from orbital_kernel.science.lightcurves.exposure import (
    NS,
    live_seconds,
    nanoseconds,
)
from orbital_kernel.science.lightcurves.photons import rates_of
from orbital_kernel.science.shape.coverage import COUNTS

Bins = float | str | Sequence[float]

INTERVAL = (
    *("time", "time_stop", "met_start_s", "met_stop_s", "live_s", "kind"),
    *("instrument", "extra", "file_sha256", "time_rule"),
)
EVENT = (
    *("time", "met_s", "time_rule", "ra", "dec", "x_pix", "y_pix", "ccd_id", "pi"),
    *("energy_ev", "object", "instrument", "simulated", "file_sha256"),
)
UNITS = dict.fromkeys(("start_s", "stop_s", "exposure_s"), "s")
UNITS |= dict.fromkeys(("counts", "background_counts"), "ct")
UNITS |= dict.fromkeys(
    ("rate", "rate_err_plus", "rate_err_minus", "net_rate"), "ct / s"
)
NOT_CORRECTED = (
    "PSF: the fraction of the source's photons inside the region",
    "vignetting and exposure map, but for `exposure_ratio`",
    "pile-up",
)
SLACK = timedelta(seconds=1)


@dataclass(frozen=True)
class Counted(Answer):
    """Binned counts with how they were found, and what was assumed.

    Parameters
    ----------
    frame, how, units, ucds
        The bins, how the photons were found, and the columns' units and UCDs.
    band_kev : tuple of float
        Nominal energies counted, keV.
    area_arcsec2, background_arcsec2 : float or None
        Areas of the regions; None for all photons, or without a background.
    backscale : float or None
        Source area (times `exposure_ratio`) over that of the background.
    notes : tuple of str
        What was assumed, dropped or chosen.
    not_corrected : tuple of str
        What rates are not corrected for.

    Examples
    --------
    >>> from orbital_kernel.questions.counts import NOT_CORRECTED
    >>> "pile-up" in NOT_CORRECTED
    True
    """

    band_kev: tuple[float, float] = (0.0, np.inf)
    area_arcsec2: float | None = None
    background_arcsec2: float | None = None
    backscale: float | None = None
    notes: tuple[str, ...] = ()
    not_corrected: tuple[str, ...] = NOT_CORRECTED


def counts(
    orbital: Asks,
    observatory: str,
    obs_id: str,
    *,
    band_kev: tuple[float, float],
    bins: Bins,
    region: str | None,
    background: str | None,
    exposure_ratio: float,
    start_s: float | None,
    limit_confidence: float,
) -> Counted:
    """Return one row per bin with exposure; `Questions.counts` documents it."""
    require_observatories(observatory)
    begin = clock.perf_counter()
    _check(band_kev, exposure_ratio, limit_confidence)
    identity = obs_id.strip()
    if observatory == "chandra" and identity.isdigit():
        identity = identity.lstrip("0")
    source = None if region is None else Aperture(region)
    around = None if background is None else Aperture(background)
    if around is not None and source is None:
        raise QueryError("a background region needs a region of the source: give both")
    good = _good_times(orbital, observatory, identity)
    events = orbital.query(
        _events_query(observatory, identity, good.frame, (source, around)),
        kind="counts",
    )
    rows, notes = banded(events.frame, band_kev, identity)
    of_source = (
        np.ones(len(rows), dtype=bool) if source is None else source.contains(rows)
    )
    of_background = None if around is None else around.contains(rows)
    photons, chips = on_clock(rows, good.frame, of_source, start_s)
    size = pixel_arcsec(rows)
    areas = [None if a is None else a.area(pixel_arcsec=size) for a in (source, around)]
    ratio = None
    if areas[0] is not None and areas[1] is not None:
        ratio = exposure_ratio * areas[0] / areas[1]
    frame = _binned(photons, of_source, of_background, ratio, bins, limit_confidence)
    frame = _described(frame, rows, good.frame, band_kev, identity, limit_confidence)
    residual = [f"energies {band_kev[0]:g} to {band_kev[1]:g} keV, in good time"]
    return Counted(
        frame,
        joint_explain([good, events], len(frame), residual, begin),
        {name: UNITS.get(name, "") for name in frame.columns},
        ucds_by_name(frame.columns),
        band_kev=band_kev,
        area_arcsec2=areas[0],
        background_arcsec2=areas[1],
        backscale=ratio,
        notes=(*notes, *chips, COUNTS),
    )


def bins_of(bin_s: float | None, bins: str | Sequence[float] | None) -> Bins:
    """Return the bins that a caller gives: a width in s, or how they are made."""
    if bins is not None and bin_s is None:
        return bins
    if bin_s is not None and bins is None:
        return bin_s
    raise QueryError("give the width of bins in `bin_s`, or `bins`, not both")


def _check(band: tuple[float, float], exposure_ratio: float, confidence: float) -> None:
    if not 0 <= band[0] < band[1]:
        raise QueryError(f"a band is two rising energies in keV; got {band}")
    if not (0 < exposure_ratio < np.inf and 0.5 < confidence < 1):
        raise QueryError(
            "exposure_ratio is above 0 and limit_confidence between 0.5 and 1; got "
            f"{exposure_ratio} and {confidence}"
        )


def _good_times(orbital: Asks, observatory: str, obs_id: str) -> Answer:
    query = Query(
        f"{observatory}.intervals",
        columns=INTERVAL,
        sets={"obs_id": [obs_id], "kind": ["gti"]},
        full_scan=True,
    )
    answer = orbital.query(query, kind="counts")
    if answer.frame.is_empty():
        raise QueryError(
            f"no good times of ObsID {obs_id} in {query.table}: ingest its event list"
        )
    return answer


def _events_query(
    observatory: str,
    obs_id: str,
    good: pl.DataFrame,
    apertures: tuple[Aperture | None, Aperture | None],
) -> Query:
    """Return the query of one ObsID's photons: its time span, and around its regions."""
    span = (good["time"].min(), good["time_stop"].max())
    ranges = {}
    if None not in span:
        low, high = (pl.Series([t]).cast(pl.Datetime("us"))[0] for t in span)
        ranges["time"] = (low - SLACK, high + SLACK)
    circles = [a.circle() for a in apertures if a is not None]
    cone = None
    if len(circles) == 1 and circles[0] is not None:
        cone = Cone(*circles[0])
    return Query(
        f"{observatory}.events",
        columns=EVENT,
        sets={"obs_id": [obs_id]},
        ranges=ranges,
        cone=cone,
        full_scan=True,
    )


def _binned(
    photons: ClockedPhotons,
    of_source: Flags,
    of_background: Flags | None,
    ratio: float | None,
    bins: Bins,
    confidence: float,
) -> pl.DataFrame:
    times = photons.times(of_source)
    around = None if of_background is None else photons.times(of_background)
    good = photons.good[photons.chip]
    starts, stops = spans(
        bins, Photons(times, around, ratio or 0.0), good, photons.origin
    )
    live = live_seconds(good, starts, stops)
    starts, stops, live = starts[live > 0], stops[live > 0], live[live > 0]
    number = _number(times, (starts, stops))
    off = None if around is None else _number(around, (starts, stops))
    rates = rates_of(number, live, off, ratio, confidence)
    limit = pl.col("is_limit")
    return pl.DataFrame(
        {
            "start_s": starts / NS,
            "stop_s": stops / NS,
            "counts": number.astype(np.int64),
            "background_counts": None if off is None else off.astype(np.int64),
            "exposure_s": live,
            "net_rate": rates["rate"],
            **rates,
        },
        schema_overrides={"background_counts": pl.Int64},
    ).with_columns(
        pl.when(limit).then("rate_limit").otherwise("rate").alias("rate"),
        *(
            pl.when(~limit).then(pl.col(name)).alias(name)
            for name in ("rate_err_plus", "rate_err_minus")
        ),
    )


def _number(times: Ints, bins: Spans) -> NDArray[np.float64]:
    low, high = (np.searchsorted(times, edges) for edges in bins)
    return (high - low).astype(np.float64)


def _described(
    frame: pl.DataFrame,
    rows: pl.DataFrame,
    good: pl.DataFrame,
    band: tuple[float, float],
    obs_id: str,
    confidence: float,
) -> pl.DataFrame:
    """Return the bins with their time in TT and the columns that they share."""
    met = np.concatenate(
        [good["met_start_s"].to_numpy(), good["met_stop_s"].to_numpy()]
    )
    tt = np.concatenate([nanoseconds(good, "time"), nanoseconds(good, "time_stop")])
    order = np.argsort(met)
    dated = np.isfinite(met[order]) & (tt[order] > np.iinfo(np.int64).min)
    time = pl.Series([None] * len(frame), dtype=TT)
    if dated.any():
        met, tt = met[order][dated], tt[order][dated]
        late = tt - np.rint(met * NS).astype(np.int64)
        starts = in_ns(frame["start_s"])
        shift = np.interp(
            frame["start_s"].to_numpy(), met, (late - late[0]).astype(float)
        )
        time = pl.Series(starts + late[0] + np.rint(shift).astype(np.int64)).cast(TT)
    constant = {
        name: rows[name].drop_nulls().unique().to_list()
        for name in ("object", "instrument")
    }
    single = {n: v[0] if len(v) == 1 else None for n, v in constant.items()}
    simulated = bool(rows["simulated"].fill_null(value=False).any())
    return frame.select(
        *("start_s", "stop_s"),
        time.alias("time"),
        *("counts", "background_counts", "exposure_s", "rate", "rate_err_plus"),
        *("rate_err_minus", "is_limit", "net_rate"),
        pl.lit(confidence).alias("limit_confidence"),
        pl.lit(band[0]).alias("band_low_kev"),
        pl.lit(band[1]).alias("band_high_kev"),
        pl.lit(obs_id).alias("obs_id"),
        *(pl.lit(v, dtype=pl.String).alias(n) for n, v in single.items()),
        pl.lit(good["time_rule"].drop_nulls().first(), dtype=pl.String).alias(
            "time_rule"
        ),
        pl.lit(simulated).alias("simulated"),
    )
