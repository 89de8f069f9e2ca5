"""Where a satellite is, from its two-line elements, by SGP4.

Propagation: the `sgp4` package, which is Vallado et al. 2006 (AIAA 2006-6753) with
WGS-72 constants. Positions come in the true equator and mean equinox of date (TEME) and
are turned to geocentric GCRS by astropy. Format: CelesTrak, "NORAD Two-Line Element Set
Format".
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy import units
from astropy.coordinates import GCRS, TEME, CartesianRepresentation
from astropy.time import Time
from astropy.utils import iers
from numpy.typing import NDArray
from sgp4.api import SGP4_ERRORS, Satrec

from orbital_kernel.errors import QueryError
from orbital_kernel.model import scales, times

Reals = NDArray[np.float64]
Instants = NDArray[np.datetime64]

DAY_S = 86400.0
LAST_DAYS = 14.0
LINE = 69


@dataclass(frozen=True)
class Elements:
    """Mean elements of one satellite, as SGP4 takes them, with their epoch (TT)."""

    name: str
    epoch: np.datetime64
    satellite: Satrec


@dataclass(frozen=True)
class Orbit:
    """Where an observatory is: TT instants (n,) and geocentric GCRS km (n, 3)."""

    time: Instants
    km: Reals


def elements(path: Path) -> Elements:
    """Return the elements of a file of two lines, or three with a name before them.

    Raises QueryError if the file does not hold the elements of one satellite, or a line has
    a wrong check digit.

    References
    ----------
    CelesTrak, "NORAD Two-Line Element Set Format".
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
        raise QueryError(
            f"{path} has elements that are not numbers: {error}"
        ) from error


@scales.offline()
def orbit(elements: Elements, instants: Instants) -> Orbit:
    """Return the positions of a satellite at instants (TT).

    Raises QueryError for instants more than two weeks from the epoch, or if SGP4 cannot
    propagate the elements so far.

    References
    ----------
    Vallado et al. 2006, AIAA 2006-6753 (SGP4).
    """
    seconds = (instants.astype("datetime64[ns]") - elements.epoch) / np.timedelta64(
        1, "s"
    )
    away = float(np.abs(seconds).max()) / DAY_S
    if away > LAST_DAYS:
        raise QueryError(
            f"the elements of {elements.name} are of {str(elements.epoch)[:10]}, {away:.0f} days "
            f"from the time of the query; they hold for {LAST_DAYS:.0f}: get those of the time"
        )
    when = Time(instants, format="datetime64", scale="tt").utc
    failed, km, _ = elements.satellite.sgp4_array(when.jd1, when.jd2)
    if failed.any():
        raise QueryError(
            f"SGP4 cannot propagate the elements of {elements.name}: "
            f"{SGP4_ERRORS[int(failed[failed > 0][0])]}"
        )
    return Orbit(instants, _to_gcrs(km, when))


def _only(path: Path, lines: list[str], number: str) -> str:
    matching = [line for line in lines if line.startswith(f"{number} ")]
    if len(matching) != 1 or len(matching[0]) != LINE or len(lines) > 3:
        raise QueryError(
            f"{path} does not hold the two-line elements of one satellite: a line that "
            f"begins with {number} and is {LINE} characters long is wanted once"
        )
    line = matching[0]
    digits = sum(int(c) if c.isdigit() else c == "-" for c in line[:-1])
    if str(digits % 10) != line[-1]:
        raise QueryError(
            f"line {number} of {path} is damaged: its check digit is wrong"
        )
    return line


@scales.offline()
def _read(name: str, first: str, second: str) -> Elements:
    satellite = Satrec.twoline2rv(first, second)
    if satellite.error:
        raise ValueError(SGP4_ERRORS[satellite.error])
    epoch = Time(satellite.jdsatepoch, satellite.jdsatepochF, format="jd", scale="utc")
    return Elements(name, times.tt_from_utc(epoch.datetime64)[0], satellite)


def _to_gcrs(km: Reals, when: Time) -> Reals:
    """Return TEME positions (n, 3) turned to GCRS; UT1 cancels to below a metre."""
    position = TEME(CartesianRepresentation(km.T * units.km), obstime=when)
    with (
        scales.offline(),
        iers.conf.set_temp("iers_degraded_accuracy", "ignore"),
    ):
        turned = position.transform_to(GCRS(obstime=when))
    return np.asarray(turned.cartesian.xyz.to_value(units.km).T)
