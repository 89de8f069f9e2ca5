"""The two observatories' clocks as their files use them, for writing only.

Written apart from orbital_kernel.times on purpose: a reader and a writer that shared
one rule would agree by sharing its mistake.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
CHANDRA_LEAD_S = 1096 * 86400.0
TT_MINUS_UTC_2001_S = 64.184

# UTC days, from 2001-01-01, after which one more leap second counts (IERS Bulletin C).
_LEAP_DAYS = (1826, 2922, 4199, 5294, 5844)

# Swift MET and the drift of its clock, UTCF plus the leap seconds since 2001, rounded
# from the UTCFINIT of archive files of those years.
_DRIFT_MET_S = (135.3e6, 172.0e6, 388.7e6, 531.7e6, 659.9e6, 752.5e6)
_DRIFT_S = (0.520, -0.255, -7.488, -14.962, -22.2, -29.480)


def leap_seconds(seconds: float) -> int:
    """Return the leap seconds since 2001 at a second of UTC (or MET) since 2001."""
    return sum(seconds >= day * 86400 for day in _LEAP_DAYS)


def utcf(met_s: float) -> float:
    """Return the UTCF (s) of a Swift MET, on the grid of 20 us headers write."""
    drift = float(np.interp(met_s, _DRIFT_MET_S, _DRIFT_S))
    return round(round((drift - leap_seconds(met_s)) / 2e-5) * 2e-5, 5)


def swift_utc_s(met_s: float, utcf_s: float) -> float:
    """Return seconds of UTC since 2001 (days of 86,400 s) of a Swift MET."""
    return met_s + utcf_s


def met_of(moment: datetime) -> float:
    """Return the Swift MET of a moment in UTC, to about a microsecond."""
    seconds = (moment - EPOCH).total_seconds()
    met = seconds
    for _ in range(3):
        met = seconds - utcf(met)
    return met


def chandra_s(utc_s: float) -> float:
    """Return Chandra's clock, TT since 1998-01-01 TT, of UTC seconds since 2001."""
    return utc_s + CHANDRA_LEAD_S + TT_MINUS_UTC_2001_S + leap_seconds(utc_s)


def chandra_utc_s(clock_s: float) -> float:
    """Return UTC seconds since 2001 of Chandra's clock, away from leap seconds."""
    rough = clock_s - CHANDRA_LEAD_S - TT_MINUS_UTC_2001_S
    return rough - leap_seconds(rough)


def iso(utc_s: float, digits: int = 0) -> str:
    """Return ISO text of UTC seconds since 2001, cut (not rounded) to whole seconds."""
    moment = EPOCH + timedelta(seconds=float(utc_s))
    if not digits:
        return moment.strftime("%Y-%m-%dT%H:%M:%S")
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text[: len(text) - 6 + digits]


def swift_date(met_s: float) -> str:
    """Return DATE-OBS as BAT files have it: leap seconds applied, the drift not."""
    return iso(met_s - leap_seconds(met_s))


def chandra_date(clock_s: float) -> str:
    """Return DATE-OBS as Chandra files have it: on the file's own scale, TT or TDB."""
    return iso(clock_s - CHANDRA_LEAD_S)


def chandra_mjd(clock_s: float) -> float:
    """Return the MJD of Chandra's clock on its own scale."""
    return 50814.0 + clock_s / 86400.0


def bin_starts(start_s: float, bins: int, width_s: float) -> NDArray[np.float64]:
    """Return bin starts (s); shape (bins,)."""
    return start_s + width_s * np.arange(bins, dtype=np.float64)
