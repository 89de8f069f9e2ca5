"""The watcher: polls the store, detects, writes, saves, then alerts (see record)."""

import time as clock
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from threading import Event

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.monitor.changes import lives, renewed
from orbital_kernel.monitor.checkpoint import Checkpoints
from orbital_kernel.monitor.coincident import Coincident
from orbital_kernel.monitor.course import Change, Changes, Course, Name
from orbital_kernel.monitor.deliver import Delivery
from orbital_kernel.monitor.detectors import Detectors
from orbital_kernel.monitor.findings import Findings
from orbital_kernel.monitor.follow import Batch, Following
from orbital_kernel.monitor.record import Record
from orbital_kernel.monitor.replay import Replay
from orbital_kernel.monitor.sinks import Sink
from orbital_kernel.science.bursts import Settings
from orbital_kernel.storage.health.watcher import Signs

POLL_S = 0.1
IDLE_S = 600.0
OLD_IDLE_S = 30.0
"""Old rows that arrive in pieces are treated as complete after so long."""
HEARTBEAT_S = 60.0
FLUSH_S = 10.0
AGAIN_S = (1.0, 30.0)
RELOOK_S, RELOOK_SHARE = 2.0, 20.0
"""A series with late rows is read again after 2 s or more, a twentieth of the time."""
Note = Callable[[str], None]


class Watch:
    """Follows series of rates, and findings to alert of; see `run`, or `poll`.

    A series without new rows for `idle_s` seconds is treated as if it had ended; one
    that appears complete, with a last row older than three days, at once. If rows still
    arrive, that is retracted. See Bursts.watch for the parameters.
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
        self._settings = settings or Settings()
        self._replay = replay
        self._idle_s = idle_s
        self._note = note
        self._delivery = Delivery(sinks, note)
        self._findings = Findings(store, self._checkpoints)
        self._coincident = Coincident(store)
        self._signs = Signs(folder)
        self._stop = Event()
        self._begun = self._grew = False
        self._recall()

    def run(
        self,
        stop: Event,
        *,
        once: bool = False,
        poll_s: float = POLL_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """Poll until `stop` is set or the replay is over, or once.

        Parameters
        ----------
        stop
            Ends the watcher when set, after the series in progress; the next watcher
            continues with the others.
        once
            Whether to end after one round, which treats every series as ended.
        poll_s
            Seconds between rounds that find nothing new; others follow at once.
        heartbeat_s
            Seconds between the lines that `note` receives.

        Raises
        ------
        StoreError
            If another watcher is at work, or the store does not answer a single round.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from pathlib import Path
        >>> from threading import Event
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> watcher = orbital.bursts.watch(Path(mkdtemp()))
        >>> watcher.run(Event(), once=True)
        """
        with self._checkpoints.held():
            beat, pause, over = -inf, AGAIN_S[0], False
            self._signs.every_s, self._stop = poll_s, stop
            self._begin()
            while not (over or stop.is_set()):
                self._sign()
                began = clock.time()
                try:
                    over = self._round(once=once)
                    self._signs.looked, pause = began, AGAIN_S[0]
                except StoreError as error:
                    if once:
                        raise
                    self._note(
                        f"the store does not answer ({error}); next attempt in {pause:.0f} s"
                    )
                    self._grew = False
                    stop.wait(pause)
                    pause = min(2 * pause, AGAIN_S[1])
                    self._recall()
                if clock.monotonic() - beat >= heartbeat_s or over:
                    beat = clock.monotonic()
                    self._note(self.heartbeat())
                if not over:
                    stop.wait(0.0 if self._grew else poll_s)
            self.end()
            self._sign(ended=True)

    def _round(self, *, once: bool) -> bool:
        """Poll and close series; return whether that was the last round."""
        if self._replay is not None:
            self._replay.feed()
        self._grew = self.poll() > 0 and self._replay is None
        over = once or (self._replay is not None and self._replay.done)
        self.close(0.0 if over else self._idle_s)
        if over:
            self._delivery.flush(FLUSH_S)
        return over

    def poll(self) -> int:
        """Read new rows and deliver due alerts; return how many series grew.

        Raises StoreError if the store does not answer: the checkpoint then applies.
        """
        self._begin()
        try:
            grown = self._polled()
            alerts = self._findings.due(self._delivery.names)
        except StoreError:
            self._recall()
            raise
        self._delivery.offer(alerts)
        self._settle()
        return grown

    def _polled(self) -> int:
        counts, grown = self._following.counts(), 0
        new = self._coincident.refresh(counts)
        for batch in self._following.grown(counts):
            grown += self._take(batch)
            if self._stop.is_set():
                break
        if new.height:
            self._save(renewed(self._courses.values(), new, self._coincident))
        self._relook()
        self._record.save_quiet(self._courses)
        return grown

    def close(self, idle_s: float) -> None:
        """Treat series without new rows for `idle_s` seconds as if they had ended."""
        now, ended = clock.monotonic(), []
        if idle_s == 0:
            self._relook(now=True)
        for course in [c for c in self._courses.values() if not c.closed]:
            wait = idle_s if lives(course) else min(idle_s, OLD_IDLE_S)
            if now - self._touched.get(course.name, now) >= wait:
                try:
                    ended.append((course, self._finished(course)))
                    course.closed = True
                except QueryError as error:
                    self._refuse(course, error)
        self._save(ended)
        for course, _ in ended:
            self._detectors.release(course)

    def _finished(self, course: Course) -> Change:
        """Return the change if a series ended here, whichever version saved its state."""
        try:
            return self._detectors.finish(course)
        except QueryError as error:
            self._note(f"{course.series} is read again from its start: {error}")
            self._follow_again(course)
            return self._detectors.finish(course)

    def end(self) -> None:
        """Save what is not saved yet, and end the sinks' threads."""
        self._record.save_quiet(self._courses, age_s=0.0)
        self._delivery.stop()
        self._settle()

    @property
    def alerts(self) -> int:
        """The number of alerts that every sink has accepted."""
        return self._delivery.delivered

    def heartbeat(self) -> str:
        """Return a line that shows that the watcher lives, and its counts."""
        courses = self._courses.values()
        return (
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} watching {len(courses)} series, "
            f"{sum(not c.closed for c in courses)} of them live; "
            f"{self._following.rows_read:,} rows read, "
            f"{sum(c.late for c in courses):,} arrived late or twice; "
            f"{self.alerts} alerts delivered, {self._delivery.waiting} waiting"
        )

    def _sign(self, *, ended: bool = False) -> None:
        """Write a sign of life, for `orbital health`."""
        courses = self._courses.values()
        self._signs.write(
            series=len(courses),
            live=sum(not course.closed for course in courses),
            waiting=self._delivery.waiting,
            ended=ended,
        )

    def _begin(self) -> None:
        """Load the checkpoint, once no other watcher changes it."""
        if not self._begun:
            self._begun = True
            self._recall()
            self._delivery.offer(self._checkpoints.outbox())

    def _recall(self) -> None:
        """Return to the state of the checkpoint."""
        self._courses = self._checkpoints.courses()
        self._following = Following(self._store, self._courses, self._settings)
        self._detectors = Detectors(self._settings)
        self._record = Record(
            self._store, self._checkpoints, self._coincident, self._detectors.state
        )
        now = clock.monotonic()
        self._touched = dict.fromkeys(self._courses, now)
        self._relook_at: dict[Name, float] = {}

    def _take(self, batch: Batch) -> int:
        """Feed rows of several series to their detectors; save the changes."""
        self._sign()
        changes = []
        for course, rows in batch:
            try:
                changes.append((course, self._fed(course, rows)))
            except QueryError as error:
                # Its first rows may be only a part of the series: read all of it.
                course.relook = course.newest_met is not None
                if not course.relook:
                    self._refuse(course, error)
        self._save(changes)
        return len(changes)

    def _refuse(self, course: Course, error: QueryError) -> None:
        """Stop following a series."""
        self._following.refused.add(course.name)
        course.closed, course.relook = True, False
        self._note(f"{course.series} cannot be followed: {error}")

    def _fed(self, course: Course, rows: pl.DataFrame) -> Change:
        first_sight = course.newest_met is None
        change = self._detectors.feed(course, rows)
        self._following.passed(course, rows)
        self._record.touch(course)
        course.closed = False
        now = clock.monotonic()
        self._touched[course.name] = -inf if first_sight and not lives(course) else now
        return change

    def _relook(self, *, now: bool = False) -> None:
        """Read series with late rows again, in order, when it is time."""
        for name, course in list(self._courses.items()):
            if not course.relook:
                continue
            began = clock.monotonic()
            if began < self._relook_at.setdefault(name, began + RELOOK_S) and not now:
                continue
            try:
                self._follow_again(course)
            except QueryError as error:
                self._refuse(course, error)
            pause = max(RELOOK_S, RELOOK_SHARE * (clock.monotonic() - began))
            self._relook_at[name] = clock.monotonic() + pause

    def _follow_again(self, course: Course) -> None:
        rows = self._following.all_of(course)
        if rows.height:
            change = self._detectors.feed_again(course, rows)
            self._following.passed(course, rows)
            course.closed, course.relook = False, False
            self._save([(course, change)])
            self._record.touch(course)

    def _save(self, changes: Changes) -> None:
        self._delivery.offer(self._record.save(changes, self._delivery.names))

    def _settle(self) -> None:
        if settled := self._delivery.settled():
            self._checkpoints.settle(settled)
