"""Measurements on a platform of their own: burst latency, and one more observatory.

The platform is the embedded one in a temporary folder, with simulated rows, so that a
demonstration never writes into the data it is about.
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

from orbital_kernel import embedded
from orbital_kernel.errors import ReportError
from orbital_kernel.model.observatory import files
from orbital_kernel.monitor.scan import series_in
from orbital_kernel.session import Orbital, connect

FOLDER_VARIABLE = "ORBITAL_OBSERVATORIES"
POLL_S = 0.1
BLOCK_S = 16.0
LONGEST_WAIT_S = 30.0
NIGHT = "swift_bat/rates_1s/sw09900006000brt1s.lc.gz"


@contextmanager
def platform() -> Iterator[Orbital]:
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
class Clocked:
    """A sink that notes when each alert arrived."""

    name: str = "demonstration"
    waits: bool = False
    arrived: list[float] = field(default_factory=list)

    def send(self, _alert: Any) -> None:
        """Note the time."""
        self.arrived.append(clock.perf_counter())


def burst_latency_s(orbital: Orbital) -> float:
    """Return the time from the commit of a burst's rates to its alert, s.

    A simulated night is committed in blocks while the watcher follows the store, as it
    does in production; the clock starts when the commit of the block that decides
    returns.
    """
    night = orbital.sample() / NIGHT
    ((observatory, rows),) = series_in(night, given=True)
    sink, stop = Clocked(), Event()
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
class Added:
    """One more observatory: seconds until it answers, and what was created."""

    seconds: float
    resources: int
    tables: int


def one_more(orbital: Orbital, name: str = "third", like: str = "fermi") -> Added:
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
    return Added(seconds, len(planned.changes) - len(tables), len(tables))
