"""What was achieved, measured: each success criterion of the mission.

Queries and cross-observatory answers are measured on the session's own data. Burst
latency and one more observatory are measured on an embedded platform in a temporary
folder, with simulated rows, so that a demonstration never writes into the data it is
about. Scale and cost are modelled (`modelled.py`).
"""

import os
import tempfile
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from orbital_kernel import embedded
from orbital_kernel.errors import ReportError
from orbital_kernel.model.observatory import files
from orbital_kernel.monitor.scan import series_in
from orbital_kernel.query import Query
from orbital_kernel.reports import modelled
from orbital_kernel.reports.criteria import Criterion, Demonstration, now
from orbital_kernel.session import Orbital, connect

PLACES = 20
RADIUS_ARCMIN = 5.0
FOLDER_VARIABLE = "ORBITAL_OBSERVATORIES"
POLL_S = 0.1
BLOCK_S = 16.0
LONGEST_WAIT_S = 30.0
NIGHT = "swift_bat/rates_1s/sw09900006000brt1s.lc.gz"


def demonstrate(orbital: Orbital) -> Demonstration:
    """Measure every success criterion.

    Parameters
    ----------
    orbital : Orbital
        The session whose data are shown; it must hold sources of an observatory.

    Returns
    -------
    Demonstration
        The criteria, in the order of `KEYS`.

    Raises
    ------
    ReportError
        If the database holds no sources to query.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_kernel.reports.demonstration import demonstrate
    >>> demonstrate(connect()).criteria[1].unit
    'ms (99th percentile)'
    """
    simulated = orbital.simulated is True
    on_data = (
        _platform(orbital, simulated=simulated),
        _queries(orbital, simulated=simulated),
        _cross(orbital, simulated=simulated),
    )
    quotas = [
        o.storage.quota.hard_bytes or 0 for o in orbital.storage.observatories.values()
    ]
    with _temporary() as other:
        trials = (_bursts(other), _scale_out(other))
    return Demonstration(
        (*on_data, *trials, modelled.exabyte(), modelled.cost_of(quotas))
    )


def _platform(orbital: Orbital, *, simulated: bool) -> Criterion:
    stored = orbital.tables()
    names = sorted(orbital.storage.observatories)
    filled = [
        n for n in names if any(r and t.startswith(f"{n}.") for t, r in stored.items())
    ]
    resources = len(orbital.storage.desired())
    return Criterion(
        "platform",
        "One platform in place of two storage systems managed by hand",
        f"{' and '.join(n.capitalize() for n in filled)} in one database with "
        f"{sum(stored.values()):,} rows; one plan keeps all {resources} storage resources "
        f"(buckets, quotas, accounts, schemas) for {len(names)} observatories",
        len(filled),
        "observatories on one platform",
        now(),
        "orbital provision plan",
        "measured",
        simulated,
    )  # fmt: skip


def _queries(orbital: Orbital, *, simulated: bool) -> Criterion:
    times = []
    places = list(_places(orbital))
    for table, ra, dec in places:
        start = clock.perf_counter()
        orbital.cone(table, ra=ra, dec=dec, radius_arcmin=RADIUS_ARCMIN)
        times.append(1000 * (clock.perf_counter() - start))
    if not times:
        raise ReportError(
            "the database holds no sources to query: ingest files first, for example "
            "`orbital demo` or `orbital ingest FOLDER`"
        )
    stored = sum(n for t, n in orbital.tables().items() if t.endswith(".sources"))
    half, most = np.quantile(times, (0.5, 0.99))
    table, ra, dec = places[0]
    return Criterion(
        "queries",
        "Highly selective queries in less than a second",
        f"{len(times)} searches within {RADIUS_ARCMIN:g} arcmin of a position, in "
        f"{stored:,} catalogue rows: half of them took up to {half:.0f} ms, 99 of 100 up "
        f"to {most:.0f} ms",
        round(float(most), 1),
        "ms (99th percentile)",
        now(),
        f"orbital query cone {table} --ra {ra:.4f} --dec {dec:.4f} "
        f"--radius {RADIUS_ARCMIN:g} --explain",
        "measured",
        simulated,
    )


def _places(orbital: Orbital) -> Iterator[tuple[str, float, float]]:
    """Yield places of stored sources, with the table to query, of each observatory."""
    for name in orbital.storage.observatories:
        if orbital.tables().get(f"{name}.sources"):
            query = Query(
                f"{name}.sources", ("ra", "dec"), not_null=("ra", "dec"), limit=PLACES
            )
            places = orbital.query(query).frame
            yield from ((f"{name}.sources", ra, dec) for ra, dec in places.rows())


def _cross(orbital: Orbital, *, simulated: bool) -> Criterion:
    start = clock.perf_counter()
    pointings = orbital.objects_observed_by(
        "swift", "chandra", within_arcmin=12, within_days=30
    )
    seconds = clock.perf_counter() - start
    matched = orbital.store.rows("cross.objects")
    return Criterion(
        "cross",
        "Questions across observatories in one call",
        f"{matched:,} objects identified in the catalogues of Swift and Chandra; "
        f"{len(pointings):,} pairs of observations of both within 12 arcmin and 30 days, "
        f"found in {seconds:.2f} s",
        matched,
        "objects of both observatories",
        now(),
        "orbital query objects swift chandra --within-arcmin 12 --within-days 30",
        "measured",
        simulated,
    )


def _bursts(other: Orbital) -> Criterion:
    latency = _burst_latency_s(other)
    return Criterion(
        "bursts",
        "Bursts detected as they arrive",
        f"a simulated burst in rates that arrive in blocks of {BLOCK_S:g} s: the alert came "
        f"{latency:.2f} s after the block that shows it was stored",
        round(latency, 3),
        "s from stored rates to the alert",
        now(),
        "make bench-watch",
        "measured",
        simulated=True,
    )


def _scale_out(other: Orbital) -> Criterion:
    added = _one_more(other)
    return Criterion(
        "scale-out",
        "One more observatory without new systems",
        f"one file and one command: {added.resources} storage resources and "
        f"{added.tables} tables, and its first query answered",
        round(added.seconds, 2),
        "s from the observatory's file to its first answer",
        now(),
        "orbital observatory new NAME; orbital provision apply",
        "measured",
        simulated=True,
    )


@contextmanager
def _temporary() -> Iterator[Orbital]:
    """Provide an empty platform, provisioned, and remove it afterwards."""
    with tempfile.TemporaryDirectory() as box:
        home = Path(box) / "platform"
        try:
            orbital = connect(home)
            orbital.storage.apply()
            yield orbital
            orbital.flush()
        finally:
            embedded.stop(home)


@dataclass
class _Clocked:
    """A sink that notes when each alert arrived."""

    name: str = "demonstration"
    waits: bool = False
    arrived: list[float] = field(default_factory=list)

    def send(self, _alert: Any) -> None:
        """Note the time."""
        self.arrived.append(clock.perf_counter())


def _burst_latency_s(orbital: Orbital) -> float:
    """Return the time from the commit of a burst's rates to its alert, s.

    A simulated night is committed in blocks while the watcher follows the store, as it
    does in production; the clock starts when the commit of the block that decides
    returns.
    """
    night = orbital.sample() / NIGHT
    ((observatory, rows),) = series_in(night, given=True)
    sink, stop = _Clocked(), Event()
    watcher = orbital.bursts.watch(orbital.watch_folder, sinks=[sink])
    follower = Thread(target=watcher.run, args=(stop,), kwargs={"poll_s": POLL_S})
    follower.start()
    try:
        start = float(rows["met_s"].min())  # type: ignore[arg-type]
        blocks = rows.with_columns(
            block=((rows["met_s"] - start) / BLOCK_S).floor()
        ).partition_by("block", maintain_order=True, include_key=False)
        for block in blocks:
            orbital.store.insert(f"{observatory}.rates", block.to_arrow())
            committed = clock.perf_counter()
            while clock.perf_counter() < committed + 3 * POLL_S and not sink.arrived:
                clock.sleep(POLL_S / 20)
            if sink.arrived:
                return sink.arrived[0] - committed
        limit = clock.perf_counter() + LONGEST_WAIT_S
        while clock.perf_counter() < limit and not sink.arrived:
            clock.sleep(POLL_S / 20)
    finally:
        stop.set()
        follower.join()
    raise ReportError(
        f"the watcher sent no alert within {LONGEST_WAIT_S:g} s of the end of {NIGHT}"
    )


@dataclass(frozen=True)
class _Added:
    """One more observatory: seconds until it answers, and what was created."""

    seconds: float
    resources: int
    tables: int


def _one_more(orbital: Orbital, name: str = "third", like: str = "fermi") -> _Added:
    """Add an observatory from one file; return how long until it answers a query."""
    before = os.environ.get(FOLDER_VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        text = files()[like].read_text(encoding="utf-8").replace(like, name)
        os.environ[FOLDER_VARIABLE] = folder
        try:
            start = clock.perf_counter()
            (Path(folder) / f"{name}.toml").write_text(text, encoding="utf-8")
            session = connect(orbital.home)
            planned = session.storage.plan()
            session.storage.apply()
            session.cone(f"{name}.sources", ra=83.63, dec=22.01, radius_arcmin=5)
            seconds = clock.perf_counter() - start
            session.flush()
        finally:
            if before is None:
                del os.environ[FOLDER_VARIABLE]
            else:
                os.environ[FOLDER_VARIABLE] = before
    tables = [c for c in planned.changes if c.resource == "table"]
    return _Added(seconds, len(planned.changes) - len(tables), len(tables))
