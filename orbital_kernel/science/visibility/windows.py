"""When a place is visible: its angles from Sun, Moon and Earth limb against the limits."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from astropy.coordinates import get_body, solar_system_ephemeris
from astropy.time import Time
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model import scales, times
from orbital_kernel.model.observatory import Observatory
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.science.visibility.satellite import Elements, Orbit, orbit

Reals = NDArray[np.float64]

EARTH_RADIUS_KM = 6378.137
"""Equatorial radius of WGS 84."""
STEP_MIN = 10.0
LINES = {
    "sun": "Sun {:.0f} deg away, allowed {:.0f} to {:.0f}",
    "moon": "Moon {:.0f} deg away, needs {:.0f}",
    "earth": "Earth's limb {:.0f} deg away, needs {:.0f}",
}


def instants_from(start: datetime, days: float) -> NDArray[np.datetime64]:
    """Return instants (TT) every STEP_MIN minutes from a start (UTC)."""
    naive = start.astimezone(UTC).replace(tzinfo=None) if start.tzinfo else start
    first = times.tt_from_utc(np.datetime64(naive, "ns"))[0]
    count = int(np.ceil(days * 1440 / STEP_MIN)) + 1
    step = np.timedelta64(int(STEP_MIN * 60 * 1e9), "ns")
    instants: NDArray[np.datetime64] = first + np.arange(count) * step
    return instants


@scales.offline()
def body_angles(
    body: str, ra: float, dec: float, instants: NDArray[np.datetime64]
) -> Reals:
    """Return degrees between the place and a body as seen from the Earth's centre."""
    when = Time(instants, format="datetime64", scale="tt")
    with solar_system_ephemeris.set("builtin"):
        position = get_body(body, when)
    return separation_deg(ra, dec, position.ra.deg, position.dec.deg)


def limb_angles(
    given_orbit: Orbit | Elements,
    observatory: Observatory,
    ra: float,
    dec: float,
    instants: NDArray[np.datetime64],
) -> Reals:
    """Return degrees between the place and the Earth's limb, along a given orbit."""
    positions = (
        orbit(given_orbit, instants)
        if isinstance(given_orbit, Elements)
        else given_orbit
    )
    given_ns, instants_ns = (
        t.astype("datetime64[ns]").astype(np.int64) for t in (positions.time, instants)
    )
    if instants_ns[0] < given_ns[0] or instants_ns[-1] > given_ns[-1]:
        raise QueryError(
            f"the orbit given for {observatory.name} does not cover the requested time: give one "
            "that covers it, or none"
        )
    km = np.stack(
        [np.interp(instants_ns, given_ns, positions.km[:, k]) for k in range(3)], axis=1
    )
    distance = np.linalg.norm(km, axis=1)
    a, d = np.radians([ra, dec])
    place = np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    centre = np.degrees(np.arccos(np.clip(-(km @ place) / distance, -1, 1)))
    limb: Reals = centre - np.degrees(
        np.arcsin(np.minimum(EARTH_RADIUS_KM / distance, 1))
    )
    return limb


def track_of(
    observatory: Observatory,
    instants: NDArray[np.datetime64],
    angles: Mapping[str, Reals | None],
) -> pl.DataFrame:
    """Return one row per instant: angles (deg), whether visible, and why not."""
    limits = observatory.pointing
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
        {"observatory": [observatory.name] * len(instants)}
        | columns
        | {"visible": ~np.any(list(bad.values()), axis=0), "why_not": why}
    ).with_columns(pl.col("sun_deg", "moon_deg", "earth_deg").fill_nan(None))


def windows_of(track: pl.DataFrame, delay_h: float) -> pl.DataFrame:
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
