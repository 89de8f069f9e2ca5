"""The watcher: polls the store, detects, writes, remembers, then tells.

Exactly once rests on the order. Rows of cross.bursts are written in one transaction, by
identities that depend on the data alone; then the checkpoint is replaced; only then are
alerts delivered from the checkpoint's outbox. Killed before the checkpoint, the same
rows are written again over themselves; killed after it, the outbox is delivered.
"""

import time as clock
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.frames import frame_of
from orbital_kernel.observatory import observatories
from orbital_kernel.predicate import Clause, Equal
from orbital_kernel.science.bursts import Detector, Settings
from orbital_kernel.store import Store
from orbital_kernel.watch import alerts
from orbital_kernel.watch.checkpoint import Checkpoints, Course
from orbital_kernel.watch.coincident import matched
from orbital_kernel.watch.course import Change, join, resume, take
from orbital_kernel.watch.follow import Following
from orbital_kernel.watch.replay import SUFFIX, Replay
from orbital_kernel.watch.rows import TABLE, conformed, none, origin
from orbital_kernel.watch.sinks import Refused, Sink

POLL_S = 0.5
IDLE_S = 600.0
LIVE_S = 3 * 86_400.0
HEARTBEAT_S = 60.0
RETRY_S = (1.0, 60.0)
Note = Callable[[str], None]


class Watch:
    """Follows every series of rates; see `run`, or `poll` for one round.

    Checkpoints are kept in `folder`. A series without new rows for `idle_s` of real
    time is judged as if it had ended, and so is at once one whose last row is older
    than three days; should rows still come, that is taken back.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        sinks: Sequence[Sink] = (),
        settings: Settings | None = None,
        replay: Replay | None = None,
        idle_s: float = IDLE_S,
        note: Note = lambda _line: None,
    ) -> None:
        self._store = store
        self._checkpoints = Checkpoints(folder)
        self._sinks = {sink.name: sink for sink in sinks}
        self._settings = settings or Settings()
        self._replay = replay
        self._idle_s = idle_s
        self._note = note
        self._courses = self._checkpoints.load()
        self._following = Following(store, self._courses, self._settings)
        self._detectors: dict[tuple[str, str], Detector] = {}
        self._touched: dict[tuple[str, str], float] = dict.fromkeys(
            self._courses, clock.monotonic()
        )
        self._wait: dict[str, tuple[float, float]] = {}
        self.alerts = 0

    def run(
        self,
        stop: Event,
        *,
        once: bool = False,
        poll_s: float = POLL_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """Poll until `stop` is set, the replay is over, or once.

        A single round, and the end of a replay, judge every series as ended. Raises
        StoreError where another watcher is at work.
        """
        with self._checkpoints.held():
            beat = clock.monotonic()
            while not stop.is_set():
                if self._replay is not None:
                    self._replay.feed()
                self.poll()
                over = once or (self._replay is not None and self._replay.done)
                self.close(0.0 if over else self._idle_s)
                if clock.monotonic() - beat >= heartbeat_s or over:
                    beat = clock.monotonic()
                    self._note(self.heartbeat())
                if over:
                    return
                stop.wait(poll_s)

    def poll(self) -> int:
        """Take in what is new, deliver what is due; return how many series grew."""
        grown = 0
        for observatory in observatories():
            for course, rows in self._following.grown(observatory):
                try:
                    self._take(course, rows)
                except QueryError as error:
                    self._following.refused.add((observatory, course.series))
                    self._note(f"{course.series} cannot be followed: {error}")
                else:
                    grown += 1
        for course in self._courses.values():
            self._deliver(course)
        return grown

    def close(self, idle_s: float) -> None:
        """Judge series that have been without rows for so long as if they had ended."""
        now = clock.monotonic()
        for name, course in self._courses.items():
            if course.closed or now - self._touched.get(name, now) < idle_s:
                continue
            ended = Detector.from_state(course.state)
            self._write(course, take(course, ended.finish(), provisional=True))
            course.closed = True
            self._checkpoints.save(course)
            self._deliver(course)

    def heartbeat(self) -> str:
        """Return a line that tells that the watcher lives, and what it knows."""
        courses = self._courses.values()
        waiting = sum(len(course.outbox) for course in courses)
        return (
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} watching {len(courses)} series, "
            f"{sum(not c.closed for c in courses)} of them live; "
            f"{self._following.rows_read:,} rows read, "
            f"{sum(c.late for c in courses):,} came late or twice; "
            f"{self.alerts} alerts delivered, {waiting} waiting"
        )

    def _take(self, course: Course, rows: pl.DataFrame) -> None:
        rows = self._following.whole(course, rows)
        if rows.is_empty():
            return
        name = course.observatory, course.series
        first_sight = course.newest_met is None
        if course.origin is None:
            course.origin = origin(rows) | {"instrument": rows["instrument"][0]}
        if first_sight:
            self._detectors.pop(name, None)
        detector = self._detectors.get(name) or (
            Detector.from_state(course.state)
            if course.state
            else Detector(self._settings)
        )
        change = join(
            resume(course), take(course, detector.feed(rows), provisional=False)
        )
        self._write(course, change, anew=first_sight)
        self._following.passed(course, rows)
        course.state, course.closed = detector.state(), False
        self._checkpoints.save(course)
        self._detectors[name] = detector
        self._touched[name] = clock.monotonic() if _lives(course) else -inf
        self._deliver(course)

    def _write(self, course: Course, change: Change, *, anew: bool = False) -> None:
        """Bring a series' rows of cross.bursts into step, and queue its alerts."""
        if not (change.rows or change.gone or anew):
            return
        this = [Clause("series", (Equal(course.series),))]
        with self._store.transaction() as tx:
            before = none() if anew else frame_of(tx.select(TABLE, this))
            kept = before.filter(~pl.col("burst_id").is_in(list(change.gone)))
            new = frame_of(conformed(_frame(change)))
            rows = matched(pl.concat([kept.select(new.columns), new]), tx)
            tx.delete(TABLE, this)
            tx.insert(TABLE, conformed(rows))
        told = dict(rows.select("burst_id", "matches").iter_rows())
        instrument = (course.origin or {}).get("instrument")
        for kind, key, record, row in change.notes:
            alert = alerts.alert(
                kind,
                key=key,
                record=record,
                row=row | {"matches": told.get(row["burst_id"])},
                instrument=instrument,
            )
            course.outbox.append({"alert": alert, "left": list(self._sinks)})

    def _deliver(self, course: Course) -> None:
        if not course.outbox:
            return
        stopped: set[str] = set()
        before = [list(entry["left"]) for entry in course.outbox]
        for entry in course.outbox:
            entry["left"] = [
                name
                for name in entry["left"]
                if name in self._sinks and not self._sent(name, entry["alert"], stopped)
            ]
        after = [entry["left"] for entry in course.outbox]
        self.alerts += after.count([])
        course.outbox = [entry for entry in course.outbox if entry["left"]]
        if before != after or [] in after:
            self._checkpoints.save(course)

    def _sent(self, name: str, alert: alerts.Alert, stopped: set[str]) -> bool:
        """Send one alert; False where it waits, and the ones after it with it."""
        due, pause = self._wait.get(name, (0.0, RETRY_S[0]))
        if name in stopped or clock.monotonic() < due:
            stopped.add(name)
            return False
        try:
            self._sinks[name].send(alert)
        except Refused as error:
            self._note(f"alert {alert['id']!r} was refused for good: {error}")
        except OSError as error:
            stopped.add(name)
            self._wait[name] = (clock.monotonic() + pause, min(2 * pause, RETRY_S[1]))
            self._note(f"{name} does not take alerts ({error}); again in {pause:.0f} s")
            return False
        self._wait.pop(name, None)
        return True


def _lives(course: Course) -> bool:
    """Tell whether more rows are to be expected: the last ones are fresh, or replayed."""
    if course.series.endswith(SUFFIX):
        return True
    newest = course.newest_ns
    return newest is not None and clock.time() - newest / 1e9 < LIVE_S


def _frame(change: Change) -> pl.DataFrame:
    wanted: dict[str, Any] = dict(none().schema) | {"time": pl.Int64}
    rows = [{k: row.get(k) for k in wanted} for row in change.rows.values()]
    return pl.DataFrame(rows, schema=wanted, orient="row").with_columns(
        pl.col("time").cast(pl.Datetime("ns"))
    )
