"""Time scales: TT of UTC and of TDB, with the leap seconds that astropy ships.

astropy is imported where it computes: most questions need leap seconds only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import RLock

import numpy as np
from astropy_iers_data import IERS_LEAP_SECOND_FILE
from numpy.typing import NDArray

Instants = NDArray[np.datetime64]
Reals = NDArray[np.float64]

NS = 1_000_000_000
TT_MINUS_TAI_NS = 32_184_000_000
NAT = np.iinfo(np.int64).min
HOUR_NS = 3600 * NS
JD_OF_UNIX_EPOCH = 2440587.5
_OFFLINE = RLock()


@contextmanager
def offline() -> Iterator[None]:
    """Keep astropy from downloading tables in a block or a decorated function.

    astropy's own configuration is the user's: it is as before afterwards. The setting is
    one per process, so that threads take turns; otherwise the last could restore what
    another had set.
    """
    from astropy.utils import iers  # noqa: PLC0415 - a tenth of a second

    with _OFFLINE, iers.conf.set_temp("auto_download", False):
        yield


def instants_of(ns: NDArray[np.int64], *, empty: NDArray[np.bool_]) -> Instants:
    """Return instants from nanoseconds since 1970; NaT where `empty`."""
    return np.where(empty, NAT, ns).view("datetime64[ns]")


def utc_to_tt(utc: Instants) -> Instants:
    """Return TT of UTC: plus leap seconds, plus 32.184 s."""
    days, offsets = leap_seconds()
    ns = utc.view(np.int64)
    which = np.clip(np.searchsorted(days, ns, side="right") - 1, 0, None)
    return instants_of(ns + offsets[which] + TT_MINUS_TAI_NS, empty=ns == NAT)


@cache
def leap_seconds() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return days (UTC, ns since 1970) and TAI-UTC (ns) from them on, since 1972."""
    lines = Path(IERS_LEAP_SECOND_FILE).read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip() and line.lstrip()[0] != "#"]
    days = np.array(
        [f"{int(year):04d}-{int(month):02d}-01" for _, _, month, year, _ in rows],
        dtype="datetime64[ns]",
    )
    offsets = np.array([int(offset) for *_, offset in rows], dtype=np.int64)
    return days.view(np.int64), offsets * NS


@offline()
def tdb_to_tt(tdb: Instants) -> Instants:
    """Take TDB-TT (under 2 ms, geocentre) from astropy at whole hours, linear between."""
    from astropy.time import Time  # noqa: PLC0415 - a sixth of a second

    ns = tdb.view(np.int64)
    finite = ns != NAT
    if not finite.any():
        return tdb
    first = np.unique(ns[finite] // HOUR_NS)
    hours = np.unique(np.concatenate([first, first + 1]))
    jd = JD_OF_UNIX_EPOCH + (hours // 24).astype(np.float64)
    seconds = Time(jd, (hours % 24) / 24.0, format="jd", scale="tdb").delta_tdb_tt
    offset = np.interp((ns - hours[0] * HOUR_NS) / HOUR_NS, hours - hours[0], seconds)
    return instants_of(ns - np.round(offset * NS).astype(np.int64), empty=~finite)
