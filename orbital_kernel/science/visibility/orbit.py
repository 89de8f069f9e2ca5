"""Where a satellite is, from its two-line elements: a Kepler orbit that precesses.

The orbit keeps its shape; node and perigee turn by the Earth's flattening (J2), and the
drag term of the elements shortens the period. It is not SGP4: periodic terms are left
out, some 20 km in a low orbit, a few tenths of a degree in where the Earth's limb is.
Format and constants: CelesTrak, "NORAD Two-Line Element Set Format"; WGS-72, as the
elements are made with (Hoots & Roehrich 1980, Spacetrack Report No. 3).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy import units
from astropy.coordinates import FK5, ICRS, CartesianRepresentation
from astropy.time import Time
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model import times

Reals = NDArray[np.float64]
Instants = NDArray[np.datetime64]

MU_KM3_S2 = 398600.8
EARTH_KM = 6378.135
J2 = 1.082616e-3
DAY_S = 86400.0
LAST_DAYS = 14.0
LINE = 69
NEWTON_STEPS = 30


@dataclass(frozen=True)
class Elements:
    """Mean elements at an epoch (TT): angles in rad, motion in rad/s and rad/s^2."""

    name: str
    epoch: np.datetime64
    inclination: float
    node: float
    eccentricity: float
    perigee: float
    anomaly: float
    motion: float
    drag: float


@dataclass(frozen=True)
class Orbit:
    """Where an observatory is: TT instants (n,) and geocentric GCRS km (n, 3)."""

    time: Instants
    km: Reals


def elements(path: Path) -> Elements:
    """Return the elements of a file of two lines, or three with a name before them.

    Raises QueryError for a file of anything else, or with a line whose check digit is
    wrong.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(
            f"{path} cannot be read as two-line elements: {error}"
        ) from error
    lines = [line.rstrip() for line in lines if line.strip()]
    first, second = (_only(path, lines, number) for number in "12")
    if first[2:7] != second[2:7]:
        raise QueryError(f"{path} holds lines of two satellites: give one")
    try:
        return _read(path.stem if len(lines) == 2 else lines[0].strip(), first, second)
    except ValueError as error:
        raise QueryError(f"{path} has elements that are no numbers: {error}") from error


def orbit(known: Elements, instants: Instants) -> Orbit:
    """Return where the satellite is at instants (TT).

    Raises QueryError for instants too far from the epoch: two weeks.
    """
    seconds = (instants.astype("datetime64[ns]") - known.epoch) / np.timedelta64(1, "s")
    away = float(np.abs(seconds).max()) / DAY_S
    if away > LAST_DAYS:
        raise QueryError(
            f"the elements of {known.name} are of {str(known.epoch)[:10]}, {away:.0f} days "
            f"from what was asked; they hold for {LAST_DAYS:.0f}: get those of the time"
        )
    return Orbit(instants, _to_gcrs(_mean_equator(known, seconds), known.epoch))


def _only(path: Path, lines: list[str], number: str) -> str:
    found = [line for line in lines if line.startswith(f"{number} ")]
    if len(found) != 1 or len(found[0]) != LINE or len(lines) > 3:
        raise QueryError(
            f"{path} does not hold the two-line elements of one satellite: a line that "
            f"begins with {number} and is {LINE} characters long is wanted once"
        )
    line = found[0]
    digits = sum(int(c) if c.isdigit() else c == "-" for c in line[:-1])
    if str(digits % 10) != line[-1]:
        raise QueryError(
            f"line {number} of {path} is damaged: its check digit is wrong"
        )
    return line


def _read(name: str, first: str, second: str) -> Elements:
    year = int(first[18:20])
    start = np.datetime64(f"{year + (2000 if year < 57 else 1900)}-01-01", "ns")
    into = np.timedelta64(round((float(first[20:32]) - 1) * DAY_S * 1e9), "ns")
    turns = 2 * np.pi / DAY_S
    inclination, node, perigee, anomaly = (
        float(np.radians(float(second[a:b])))
        for a, b in ((8, 16), (17, 25), (34, 42), (43, 51))
    )
    return Elements(
        name=name,
        epoch=times.tt_from_utc(start + into)[0],
        inclination=inclination,
        node=node,
        eccentricity=float(f"0.{second[26:33].strip()}"),
        perigee=perigee,
        anomaly=anomaly,
        motion=float(second[52:63]) * turns,
        drag=2 * float(first[33:43]) * turns / DAY_S,
    )


def _mean_equator(known: Elements, seconds: Reals) -> Reals:
    """Return positions (n, 3) in km on the equator and equinox of date."""
    e, cos_i = known.eccentricity, np.cos(known.inclination)
    axis = np.cbrt(MU_KM3_S2 / (known.motion + known.drag * seconds) ** 2)
    turning = known.motion * J2 * (EARTH_KM / (axis[0] * (1 - e**2))) ** 2
    node = known.node - 1.5 * turning * cos_i * seconds
    perigee = known.perigee + 0.75 * turning * (5 * cos_i**2 - 1) * seconds
    mean = known.anomaly + known.motion * seconds + 0.5 * known.drag * seconds**2
    eccentric = _kepler(mean, e)
    x = axis * (np.cos(eccentric) - e)
    y = axis * np.sqrt(1 - e**2) * np.sin(eccentric)
    u, radius = perigee + np.arctan2(y, x), np.hypot(x, y)
    return np.asarray(
        radius[:, None]
        * np.stack(
            (
                np.cos(node) * np.cos(u) - np.sin(node) * np.sin(u) * cos_i,
                np.sin(node) * np.cos(u) + np.cos(node) * np.sin(u) * cos_i,
                np.sin(u) * np.sin(known.inclination),
            ),
            axis=1,
        )
    )


def _kepler(mean: Reals, eccentricity: float) -> Reals:
    """Return the eccentric anomaly by Newton's method."""
    found = np.asarray(mean + eccentricity * np.sin(mean))
    for _ in range(NEWTON_STEPS):
        rest = found - eccentricity * np.sin(found) - mean
        found = found - rest / (1 - eccentricity * np.cos(found))
    return found


def _to_gcrs(km: Reals, epoch: np.datetime64) -> Reals:
    """Return positions turned from the equator and equinox of the epoch to ICRS axes."""
    of_date = FK5(
        CartesianRepresentation(km.T * units.km),
        equinox=Time(epoch, format="datetime64", scale="tt"),
    )
    return np.asarray(of_date.transform_to(ICRS()).cartesian.xyz.to_value(units.km).T)
