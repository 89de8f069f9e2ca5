"""Places, separations and delays as people give them: one rule for every call."""

import math

from orbital_kernel.errors import QueryError

WEST_DEG, EAST_DEG = -180.0, 360.0
WIDEST_DEG = 180.0
WIDEST_JOIN_DEG = 20.0
"""Pointings and bursts are paired by cells of the sky up to this wide."""
LONGEST_DAYS = 36_525.0
LONGEST_S = 86_400.0 * LONGEST_DAYS
PER_DEG = {"arcsec": 3600.0, "arcmin": 60.0}


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


def given_amount(
    name: str, value: float, unit: str, *, most: float, above_zero: bool = False
) -> float:
    """Return a number from 0 (or above) to `most`; QueryError for any other, NaN too."""
    low_enough = math.isfinite(value) and value <= most
    if low_enough and (value > 0 if above_zero else value >= 0):
        return float(value)
    first = "above 0" if above_zero else "0 or more"
    raise QueryError(
        f"{name} is {first} and at most {most:,.10g} {unit}, not {value:g}: give {unit}"
    )


def given_separation(
    name: str,
    value: float,
    unit: str,
    *,
    most_deg: float = WIDEST_DEG,
    above_zero: bool = True,
) -> float:
    """Return a separation in arcsec or arcmin; QueryError for what is not one."""
    most = most_deg * PER_DEG[unit]
    return given_amount(name, value, unit, most=most, above_zero=above_zero)


def given_days(name: str, value: float) -> float:
    """Return a number of days of at most a century; QueryError for any other."""
    return given_amount(name, value, "days", most=LONGEST_DAYS)


def given_delays(after_days: float, within_days: float) -> tuple[float, float]:
    """Return the earliest and the latest delay, days; below 0 is before the burst."""
    if -LONGEST_DAYS <= after_days <= within_days <= LONGEST_DAYS:
        return float(after_days), float(within_days)
    raise QueryError(
        f"no delay of at most {LONGEST_DAYS:g} days is from after_days={after_days:g} to "
        f"within_days={within_days:g}: give a within_days that is not smaller"
    )
