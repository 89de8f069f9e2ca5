"""Who can look at a place on the sky, from when on, and with what field of view.

Angles from Sun and Moon are seen from the Earth's centre with the ephemeris astropy
ships (nothing is downloaded), and compared with the limits of each observatory's TOML
file. The Earth's limb is judged only where an orbit is given. What is assumed stands in
the result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from astropy.coordinates import get_body, solar_system_ephemeris
from astropy.time import Time
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model import scales, times
from orbital_kernel.model.observatory import FieldOfView, Instrument, Observatory
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.science.visibility.orbit import Elements, Orbit, orbit

Reals = NDArray[np.float64]

EARTH_RADIUS_KM = 6378.137
STEP_MIN = 10.0
NEVER_H = float("inf")
ASSUMPTIONS = (
    (
        "Sun and Moon as seen from the Earth's centre, astropy's built-in ephemeris; from "
        "Chandra's orbit (apogee near 140,000 km) the Moon can stand up to 22 deg elsewhere"
    ),
    (
        "pointing limits are fixed angles from the observatories' files; roll, star "
        "trackers, heating, radiation belts and what is scheduled already are not looked at"
    ),
    (
        "a field of view is a circle with its area's radius, pointed at the centre of the "
        "position; the error is a circle that holds the true place anywhere alike"
    ),
    (
        "the ranking compares visibility, field of view and position error; how soon an "
        "observatory answers counts only where a delay is given"
    ),
    (
        "delays: Swift acquires bursts of its own within about 90 s "
        "(swift.gsfc.nasa.gov, mission flow), others on request; Chandra's timeline is "
        "planned 72 h ahead and interrupted for its fastest targets of opportunity "
        "(cxc.harvard.edu, Chandra_RfO); a delay told below is the least assumed"
    ),
)
UNKNOWN_LIMB = "Earth limb unknown for {}: no orbit was given"
SGP4 = (
    "Earth limb of {} along the SGP4 orbit of the two-line elements of {}: good to some "
    "km near that date, evaluated every 10 minutes"
)
LINES = {
    "sun": "Sun {:.0f} deg away, allowed {:.0f} to {:.0f}",
    "moon": "Moon {:.0f} deg away, needs {:.0f}",
    "earth": "Earth's limb {:.0f} deg away, needs {:.0f}",
}


@dataclass(frozen=True)
class Plan:
    """Visibility of one place.

    `track` is a row an instant and observatory (time TT, angles in deg, visible, why
    not), `windows` a row a stretch of visibility (start, stop TT, hours, begins_h from
    the start), `ranking` a row an instrument, best first, with its reasons. `simulated`
    says that the place is one of simulated rows; the frames have it as a column.
    """

    ra: float
    dec: float
    error_arcmin: float
    track: pl.DataFrame
    windows: pl.DataFrame
    ranking: pl.DataFrame
    assumptions: tuple[str, ...]
    simulated: bool = False


def plan(
    ra: float,
    dec: float,
    observatories: Sequence[Observatory],
    *,
    error_arcmin: float = 0.0,
    start: datetime | None = None,
    days: float = 3.0,
    orbits: Mapping[str, Orbit | Elements] | None = None,
    delays_h: Mapping[str, float] | None = None,
    simulated: bool = False,
) -> Plan:
    """Return who can see a place (ICRS deg) within `days` of `start` (UTC, now).

    `orbits` names orbits, or elements of them, by observatory; `delays_h` the hours
    before one can begin at all; `simulated` says that the place is no real one. Raises QueryError for a place or a span that is none, or
    an orbit that does not cover it.
    """
    if not (0 <= ra < 360 and -90 <= dec <= 90 and error_arcmin >= 0):
        raise QueryError(
            "follow-up needs 0 <= RA < 360, -90 <= Dec <= 90 (ICRS deg) and an error "
            f"of 0' or more, not {ra}, {dec}, {error_arcmin}"
        )
    if not 0 < days <= 366:
        raise QueryError(f"follow-up looks up to 366 days ahead, not {days}")
    watching = [o.name for o in observatories if not o.pointing.steerable]
    observatories = [o for o in observatories if o.pointing.steerable]
    if not observatories:
        raise QueryError("follow-up needs an observatory that takes targets")
    orbits, delays_h = orbits or {}, delays_h or {}
    instants = _instants(start or datetime.now(UTC), days)
    bodies = {body: _angles(body, ra, dec, instants) for body in ("sun", "moon")}
    tracks, windows = [], []
    for one in observatories:
        limb = (
            _limb(orbits[one.name], one, ra, dec, instants)
            if one.name in orbits
            else None
        )
        track = _track(one, instants, bodies | {"earth": limb})
        tracks.append(track)
        windows.append(_windows(track, delays_h.get(one.name, 0.0)))
    seen = pl.concat(windows)
    unknown = [
        UNKNOWN_LIMB.format(o.name) for o in observatories if o.name not in orbits
    ]
    unknown += [
        SGP4.format(o.name, str(known.epoch)[:16])
        for o in observatories
        if isinstance(known := orbits.get(o.name), Elements)
    ]
    unknown += [
        f"{name} begins no sooner than {hours:g} h from the start"
        for name, hours in delays_h.items()
    ]
    unknown += [f"{name} watches the sky and takes no targets" for name in watching]
    track = pl.concat(tracks)
    ranking = _ranking(observatories, seen, track, error_arcmin)
    made = pl.lit(simulated).alias("simulated")
    return Plan(
        *(ra, dec, error_arcmin),
        track=track.with_columns(made),
        windows=seen.with_columns(made),
        ranking=ranking.with_columns(made),
        assumptions=(*ASSUMPTIONS, *unknown),
        simulated=simulated,
    )


def field_radius_arcmin(field: FieldOfView) -> float:
    """Return the radius of the circle of a field's area, arcmin."""
    if field.unit == "sr":
        half = np.arccos(1 - field.size / (2 * np.pi))
        return float(np.degrees(half) * 60)
    scale = {"arcmin": 1.0, "deg": 60.0}[field.unit]
    square = field.size / np.sqrt(np.pi) if field.shape == "square" else field.size
    return float(square * scale)


def coverage(field: FieldOfView, error_arcmin: float) -> float:
    """Return the share of an error circle one pointing at its centre covers."""
    radius = field_radius_arcmin(field)
    return 1.0 if error_arcmin <= radius else float((radius / error_arcmin) ** 2)


def _instants(start: datetime, days: float) -> NDArray[np.datetime64]:
    naive = start.astimezone(UTC).replace(tzinfo=None) if start.tzinfo else start
    first = times.tt_from_utc(np.datetime64(naive, "ns"))[0]
    count = int(np.ceil(days * 1440 / STEP_MIN)) + 1
    step = np.timedelta64(int(STEP_MIN * 60 * 1e9), "ns")
    made: NDArray[np.datetime64] = first + np.arange(count) * step
    return made


@scales.offline()
def _angles(
    body: str, ra: float, dec: float, instants: NDArray[np.datetime64]
) -> Reals:
    """Return degrees between the place and a body as seen from the Earth's centre."""
    when = Time(instants, format="datetime64", scale="tt")
    with solar_system_ephemeris.set("builtin"):
        there = get_body(body, when)
    return separation_deg(ra, dec, there.ra.deg, there.dec.deg)


def _limb(
    known: Orbit | Elements,
    one: Observatory,
    ra: float,
    dec: float,
    instants: NDArray[np.datetime64],
) -> Reals:
    """Return degrees between the place and the Earth's limb, along a given orbit."""
    way = orbit(known, instants) if isinstance(known, Elements) else known
    given, asked = (
        t.astype("datetime64[ns]").astype(np.int64) for t in (way.time, instants)
    )
    if asked[0] < given[0] or asked[-1] > given[-1]:
        raise QueryError(
            f"the orbit given for {one.name} ends before the time asked for: give one "
            "that covers it, or none"
        )
    km = np.stack([np.interp(asked, given, way.km[:, k]) for k in range(3)], axis=1)
    distance = np.linalg.norm(km, axis=1)
    a, d = np.radians([ra, dec])
    place = np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    centre = np.degrees(np.arccos(np.clip(-(km @ place) / distance, -1, 1)))
    limb: Reals = centre - np.degrees(
        np.arcsin(np.minimum(EARTH_RADIUS_KM / distance, 1))
    )
    return limb


def _track(
    one: Observatory,
    instants: NDArray[np.datetime64],
    angles: Mapping[str, Reals | None],
) -> pl.DataFrame:
    limits = one.pointing
    spans = {
        "sun": (limits.sun_min_deg, limits.sun_max_deg),
        "moon": (limits.moon_min_deg, 180.0),
        "earth": (limits.earth_limb_min_deg, 180.0),
    }
    columns: dict[str, Any] = {"time": instants.astype("datetime64[ns]")}
    bad = {}
    for name, (low, high) in spans.items():
        angle = angles[name]
        columns[f"{name}_deg"] = (
            np.full(len(instants), np.nan) if angle is None else angle
        )
        bad[name] = (
            np.zeros(len(instants), bool)
            if angle is None
            else (angle < low) | (angle > high)
        )
    why = [
        "; ".join(
            LINES[name].format(columns[f"{name}_deg"][k], *spans[name])
            for name in spans
            if bad[name][k]
        )
        for k in range(len(instants))
    ]
    return pl.DataFrame(
        {"observatory": [one.name] * len(instants)}
        | columns
        | {"visible": ~np.any(list(bad.values()), axis=0), "why_not": why}
    ).with_columns(pl.col("sun_deg", "moon_deg", "earth_deg").fill_nan(None))


def _windows(track: pl.DataFrame, delay_h: float) -> pl.DataFrame:
    """Return stretches of visibility that begin after the delay."""
    first = track["time"][0]
    step = timedelta(minutes=STEP_MIN)
    late = timedelta(hours=delay_h)
    return (
        track.with_columns(
            run=pl.col("visible").rle_id(),
            seen=pl.col("visible") & (pl.col("time") >= pl.lit(first) + late),
        )
        .filter("seen")
        .group_by("observatory", "run", maintain_order=True)
        .agg(start=pl.col("time").min(), stop=pl.col("time").max() + step)
        .with_columns(
            hours=(pl.col("stop") - pl.col("start")).dt.total_seconds() / 3600.0,
            begins_h=(pl.col("start") - pl.lit(first)).dt.total_seconds() / 3600.0,
        )
        .drop("run")
    )


def _ranking(
    observatories: Sequence[Observatory],
    windows: pl.DataFrame,
    track: pl.DataFrame,
    error_arcmin: float,
) -> pl.DataFrame:
    rows = [
        _judged(one, instrument, windows, track, error_arcmin)
        for one in observatories
        for instrument in one.instruments
    ]
    order = ["visible_h", "coverage", "begins_h", "position_error_arcsec"]
    return (
        pl.DataFrame(rows)
        .with_columns(_seen=pl.col("visible_h") > 0)
        .sort(
            "_seen",
            *order[1:],
            "instrument",
            descending=[True, True, False, False, False],
        )
        .drop("_seen")
        .with_row_index("rank", offset=1)
    )


def _judged(
    one: Observatory,
    instrument: Instrument,
    windows: pl.DataFrame,
    track: pl.DataFrame,
    error_arcmin: float,
) -> dict[str, Any]:
    mine = windows.filter(pl.col("observatory") == one.name)
    share = coverage(instrument.field_of_view, error_arcmin)
    error = instrument.position_error.radius_arcsec
    begins = float(mine["begins_h"][0]) if mine.height else NEVER_H
    hours = float(mine["hours"].sum())
    return {
        "observatory": one.name,
        "instrument": instrument.name,
        "visible_h": hours,
        "begins_h": begins,
        "coverage": share,
        "position_error_arcsec": error,
        "reasons": "; ".join(
            (
                _when(one, track, begins, hours),
                f"one pointing covers {share:.0%} of the error circle",
                f'positions to {error:g}"',
                one.pointing.response,
            )
        ),
    }


def _when(one: Observatory, track: pl.DataFrame, begins: float, hours: float) -> str:
    if begins == 0:
        return f"visible now, {hours:.0f} h in all"
    if begins < NEVER_H:
        return f"visible in {begins:.1f} h, {hours:.0f} h in all"
    mine = track.filter(pl.col("observatory") == one.name)
    return f"not visible: {mine['why_not'][0] or 'the delay is longer than the span'}"
