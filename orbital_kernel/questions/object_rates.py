"""The binned rates that are of an object: by its name, its trigger, or its monitor's name.

Fermi GBM names a burst by the date and the thousandths of the day, GRB 080916C as
GRB080916009 (Paciesas et al. 2012, ApJS 199, 18).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import polars as pl

from orbital_kernel.model.spelling import variants
from orbital_kernel.query import Cone, Query

TRIGGERS_OF = "swift"
NET = "net"
SAME_BURST_S = 90
"""Largest difference of two satellites' trigger times of one burst, s."""
TT_MINUS_UTC_S = 67
"""Of these years, to a few seconds: a thousandth of a day is 86 s."""


class Subject(Protocol):
    """What a light curve is of, as `subject.resolve` returns it."""

    @property
    def text(self) -> str:
        """The name as given, or the position in words."""

    @property
    def names(self) -> tuple[str, ...]:
        """Spellings in column `object` of the photometry tables."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names of the object."""

    @property
    def spellings(self) -> list[str]:
        """The spellings to ask for."""

    @property
    def ra(self) -> float | None:
        """Right ascension, ICRS deg."""

    @property
    def place(self) -> Mapping[str, Any] | None:
        """Position, error and their sources; None without one, or of a position."""

    @property
    def bursts(self) -> pl.DataFrame:
        """The burst's rows in catalogues and notices."""

    def cone(self, within_arcsec: float) -> Cone | None:
        """Return the circle about the position; None without one."""


def of_subject(
    ask: Callable[[Query], pl.DataFrame],
    subject: Subject,
    observatory: str,
    time: datetime | None,
) -> pl.DataFrame:
    """Return binned rates whose file names the object, and net rates of its trigger."""
    table = f"{observatory}.rates"
    names = _rate_names(subject, time)
    triggers = _trigger_ids(subject.bursts) if observatory == TRIGGERS_OF else ()
    sets: list[Mapping[str, Sequence[Any]]] = [{"object": names}] if names else []
    if triggers:
        sets.append({"obs_id": sorted(triggers), "kind": [NET]})
    frames = [ask(Query(table, sets=chosen)) for chosen in sets]
    rows = pl.concat(frames) if frames else pl.DataFrame()
    return rows.unique(maintain_order=True) if len(frames) > 1 else rows


def _rate_names(subject: Subject, time: datetime | None) -> list[str]:
    """Return spellings of files of rates, some of which have a burst's letter small."""
    names = {*subject.names, *subject.aliases, *monitor_names(time)}
    if subject.ra is None or subject.names or subject.place:
        names |= {*variants(subject.text)}
    small = {name[:-1] + name[-1].lower() for name in names if name[-2:-1].isdigit()}
    return sorted(names | small)


def _trigger_ids(bursts: pl.DataFrame) -> tuple[str, ...]:
    """Return the ObsIDs of a burst's triggers: the number, and segment 000."""
    if "trigger_id" not in bursts.columns:
        return ()
    numbers = bursts["trigger_id"].drop_nulls().unique().sort()
    return tuple(f"{int(number):08d}000" for number in numbers if number.isdecimal())


def monitor_names(time: datetime | None) -> tuple[str, ...]:
    """Return the names that Fermi GBM may have given to a burst of a time (TT)."""
    if time is None:
        return ()
    middle = time - timedelta(seconds=TT_MINUS_UTC_S)
    names = set()
    for offset in range(-SAME_BURST_S, SAME_BURST_S + 1, 30):
        moment = middle + timedelta(seconds=offset)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        thousandths = round((moment - midnight) / timedelta(days=1) * 1000)
        names.add(f"GRB{moment:%y%m%d}{min(thousandths, 999):03d}")
    return tuple(sorted(names))
