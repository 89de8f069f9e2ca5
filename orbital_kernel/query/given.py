"""Positions and circles as people give them: one rule for every command and call."""

import math

from orbital_kernel.errors import QueryError

WEST_DEG, EAST_DEG = -180.0, 360.0
WIDEST_DEG = 180.0


def given_position(ra: float, dec: float) -> tuple[float, float]:
    """Return RA (0 to 360) and Dec, deg; QueryError for what is not on the sky."""
    if not (WEST_DEG <= ra <= EAST_DEG and -90 <= dec <= 90):
        raise QueryError(
            f"RA is within 0..360 (or -180..180) and Dec within -90..90 degrees, not {ra:g} "
            f"and {dec:g}: give ICRS degrees"
        )
    return float(ra) % 360, float(dec)


def given_region(region: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return RA (0 to 360), Dec and radius, deg; QueryError if there is no such circle."""
    ra, dec, radius = region
    place = given_position(ra, dec)
    if not (math.isfinite(radius) and 0 < radius <= WIDEST_DEG):
        raise QueryError(
            f"the radius of a region is above 0 and at most {WIDEST_DEG:g} degrees, not "
            f"{radius:g}: give RA, Dec and radius in degrees"
        )
    return (*place, float(radius))
