"""Who can point at a place on the sky, when, and with what field of view.

Angles from Sun and Moon are those at the Earth's centre, by the ephemeris that astropy
contains (nothing is downloaded); each observatory's TOML file has the limits. The
Earth's limb is judged only if an orbit is given. The result lists its assumptions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import Observatory
from orbital_kernel.science.visibility.ranking import ranked
from orbital_kernel.science.visibility.satellite import Elements, Orbit
from orbital_kernel.science.visibility.windows import (
    body_angles,
    instants_from,
    limb_angles,
    track_of,
    windows_of,
)

Reals = NDArray[np.float64]

ASSUMPTIONS = (
    (
        "Sun and Moon as seen from the Earth's centre, astropy's built-in ephemeris; from "
        "Chandra's orbit (apogee near 140,000 km) the Moon can be up to 22 deg elsewhere"
    ),
    (
        "pointing limits are fixed angles from the observatories' files; roll, star "
        "trackers, heating, radiation belts and what is already scheduled are not considered"
    ),
    (
        "a field of view is a circle with its area's radius, pointed at the centre of the "
        "position; the true place is anywhere in the error circle with equal probability"
    ),
    (
        "the ranking compares visibility, field of view and position error; how soon an "
        "observatory answers counts only where a delay is given"
    ),
    (
        "delays: Swift acquires bursts of its own within about 90 s "
        "(swift.gsfc.nasa.gov, mission flow), others on request; Chandra's timeline is "
        "planned 72 h ahead and interrupted for its fastest targets of opportunity "
        "(cxc.harvard.edu, Chandra_RfO); a delay stated below is the least assumed"
    ),
)
UNKNOWN_LIMB = "Earth limb unknown for {}: no orbit was given"
SGP4 = (
    "Earth limb of {} along the SGP4 orbit of the two-line elements of {}: good to some "
    "km near that date, evaluated every 10 minutes"
)


@dataclass(frozen=True)
class Plan:
    """Visibility of one place.

    Parameters
    ----------
    ra, dec
        The place, deg, ICRS.
    error_arcmin
        Radius of its error circle, arcmin.
    track
        One row per instant and observatory: time (TT), sun_deg, moon_deg and earth_deg
        (deg), visible, why_not, simulated.
    windows
        One row per period of visibility: observatory, start and stop (TT), hours (h),
        begins_h (h from the start), simulated.
    ranking
        One row per instrument, best first: rank, observatory, instrument, visible_h and
        begins_h (h), coverage (of the error circle), position_error_arcsec, reasons.
    assumptions
        What the plan assumes, in sentences.
    simulated
        Whether the place is one of simulated rows.
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
    """Return which observatories can see a place, when, and the instruments ranked.

    Parameters
    ----------
    ra, dec
        The place, deg, ICRS.
    observatories
        Observatories to judge; those that take no targets are only mentioned.
    error_arcmin
        Radius of the error circle, arcmin.
    start
        Start (UTC); now by default.
    days
        Days to look ahead, up to 366.
    orbits
        Orbit, or its elements, by observatory; the Earth's limb is judged for these.
    delays_h
        Hours before an observatory can begin, by observatory.
    simulated
        Whether the place is one of simulated rows.

    Returns
    -------
    Plan
        track, windows, ranking and assumptions.

    Raises
    ------
    QueryError
        If the place or the span is not valid, or an orbit does not cover it.

    Examples
    --------
    >>> from orbital_kernel.model.observatory import observatories
    >>> from orbital_kernel.science.visibility import plan
    >>> crab = plan(83.63, 22.01, tuple(observatories().values()), days=0.2)
    >>> crab.ranking.columns[:3]
    ['rank', 'observatory', 'instrument']
    """
    if not (0 <= ra < 360 and -90 <= dec <= 90 and error_arcmin >= 0):
        raise QueryError(
            "follow-up needs 0 <= RA < 360, -90 <= Dec <= 90 (ICRS deg) and an error "
            f"of 0' or more, not {ra}, {dec}, {error_arcmin}"
        )
    if not 0 < days <= 366:
        raise QueryError(
            f"a follow-up covers up to 366 days, not {days}: choose fewer days"
        )
    watching = [o.name for o in observatories if not o.pointing.steerable]
    observatories = [o for o in observatories if o.pointing.steerable]
    if not observatories:
        raise QueryError("follow-up needs an observatory that takes targets")
    orbits, delays_h = orbits or {}, delays_h or {}
    instants = instants_from(start or datetime.now(UTC), days)
    bodies = {body: body_angles(body, ra, dec, instants) for body in ("sun", "moon")}
    tracks, windows = [], []
    for observatory in observatories:
        limb = (
            limb_angles(orbits[observatory.name], observatory, ra, dec, instants)
            if observatory.name in orbits
            else None
        )
        track = track_of(observatory, instants, bodies | {"earth": limb})
        tracks.append(track)
        windows.append(windows_of(track, delays_h.get(observatory.name, 0.0)))
    visible = pl.concat(windows)
    notes = [UNKNOWN_LIMB.format(o.name) for o in observatories if o.name not in orbits]
    notes += [
        SGP4.format(o.name, str(orbit.epoch)[:16])
        for o in observatories
        if isinstance(orbit := orbits.get(o.name), Elements)
    ]
    notes += [
        f"{name} begins no sooner than {hours:g} h from the start"
        for name, hours in delays_h.items()
    ]
    notes += [f"{name} surveys the sky and takes no targets" for name in watching]
    track = pl.concat(tracks)
    ranking = ranked(observatories, visible, track, error_arcmin)
    mark = pl.lit(simulated).alias("simulated")
    return Plan(
        *(ra, dec, error_arcmin),
        track=track.with_columns(mark),
        windows=visible.with_columns(mark),
        ranking=ranking.with_columns(mark),
        assumptions=(*ASSUMPTIONS, *notes),
        simulated=simulated,
    )
