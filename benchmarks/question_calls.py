"""The public calls that are measured, and what each is about."""

from dataclasses import dataclass

import numpy as np
import question_tables as tables

from orbital_kernel import Cone, Query

RADIUS_ARCMIN = 3.0
NEARBY_ARCSEC = 5.0
POINTS = 5_000
"""About how many points the objects have that are asked for."""


@dataclass(frozen=True)
class Target:
    """What a call is about."""

    name: str
    ra: float
    dec: float
    source: str
    source_ra: float
    source_dec: float


CALLS = {
    "position by name": lambda s, t: s.objects.position(t.name),
    "position by source id": lambda s, t: s.objects.position(t.source),
    "points by name": lambda s, t: (
        s.query(Query("swift.photometry", sets={"object": [t.name]})).frame
    ),
    "points by place": lambda s, t: (
        s.query(
            Query("swift.photometry", cone=Cone(t.ra, t.dec, NEARBY_ARCSEC / 60))
        ).frame
    ),
    "light curve by name": lambda s, t: s.light_curve(t.name),
    "light curve by place": lambda s, t: s.light_curve((t.ra, t.dec)),
    "known at a place": lambda s, t: s.known_at((t.ra, t.dec)),
    "cone of sources": lambda s, t: s.cone(
        "chandra.sources",
        ra=t.source_ra,
        dec=t.source_dec,
        radius_arcmin=RADIUS_ARCMIN,
    ),
    "names complete": lambda s, t: s.names.complete(t.name[:-1]),
    "object": lambda s, t: s.object(t.name),
}


MORE = {"cone of sources": 50}
"""How many times as many asks a call needs whose number of rows varies.

The rows of one cone scatter by as much as their mean: that of 1,000 cones by 3 %."""


def asks_of(call, asks):
    """Return how often a call is made."""
    return asks * MORE.get(call, 1)


def choose(objects, sources, asks):
    """Return targets with about the same number of points, so that times compare."""
    order = np.argsort(np.abs(np.log(objects.points / POINTS)))[: asks + 1]
    rows = sources.sample(asks + 1, seed=tables.SEED)
    return [
        Target(
            objects.names[k],
            float(objects.ra[k]),
            float(objects.dec[k]),
            row["source_id"],
            row["ra"],
            row["dec"],
        )
        for k, row in zip(
            np.resize(order, asks + 1), rows.iter_rows(named=True), strict=True
        )
    ]
