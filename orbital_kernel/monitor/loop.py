"""The watcher: polls the store, detects, writes, remembers, then tells.

Exactly once rests on the order. Rows of cross.bursts are written in one transaction, by
identities that depend on the data alone; then the checkpoint changes, in one transaction
too; only then are alerts delivered from the checkpoint's outbox. Killed before the
checkpoint, the same rows are written again over themselves; killed after it, the outbox
is delivered. The detector's state is kept with every change, and every few seconds:
rows read since are read again, and tell nothing, since there was no change.
"""

import time as clock
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from threading import Event

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.monitor.changes import (
    Change,
    again,
    alerts_of,
    join,
    lives,
    renewed,
    resume,
    take,
)
from orbital_kernel.monitor.checkpoint import Checkpoints, Course, Name
from orbital_kernel.monitor.coincident import Coincident
from orbital_kernel.monitor.deliver import Delivery
from orbital_kernel.monitor.detectors import Detectors
from orbital_kernel.monitor.follow import Batch, Following
from orbital_kernel.monitor.replay import Replay
from orbital_kernel.monitor.rows import origin
from orbital_kernel.monitor.sinks import Sink
from orbital_kernel.monitor.write import coincide, write
from orbital_kernel.science.bursts import Settings
from orbital_kernel.storage.health.watcher import Signs

POLL_S = 0.1
IDLE_S = 600.0
OLD_IDLE_S = 30.0
"""Rows of the past that arrive in pieces are judged after so long without more."""
HEARTBEAT_S = 60.0
KEEP_S = 5.0
OPEN = "watch.transaction"
FLUSH_S = 10.0
AGAIN_S = (1.0, 30.0)
RELOOK_S, RELOOK_SHARE = 2.0, 20.0
"""A series whose rows came late is looked at again after 2 s, at least, of real time,
and takes a twentieth of the time at most."""
Note = Callable[[str], None]


class Watch:
    """Follows every series of rates; see `run`, or `poll` for one round.

    Checkpoints are kept in `folder`. A series without new rows for `idle_s` of real
    time is judged as if it had ended; so is at once one that appears whole and whose
    last row is older than three days. Should rows still come, that is taken back.
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
        """Poll until `stop` is set, the replay is over, or once.

        Where nothing was new it waits `poll_s`, else it looks again at once.
        A single round, and the end of a replay, judge every series as ended. A platform
        that does not answer is asked again later, except by a single round. Raises
        StoreError where another watcher is at work. Set during a look, `stop` ends it
        after the series in hand; the next watcher takes the others.
        """
        with self._checkpoints.held():
            beat, pause, over = -inf, AGAIN_S[0], False
            self._signs.every_s, self._stop = poll_s, stop
            self._begin()
            while not (over or stop.is_set()):
                self._live()
                began = clock.time()
                try:
                    over = self._round(once=once)
                    self._signs.looked, pause = began, AGAIN_S[0]
                except StoreError as error:
                    if once:
                        raise
                    self._note(
                        f"the store does not answer ({error}); again in {pause:.0f} s"
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
            self._live(ended=True)

    def _round(self, *, once: bool) -> bool:
        """Poll and judge; return whether that was the last round."""
        if self._replay is not None:
            self._replay.feed()
        self._grew = self.poll() > 0 and self._replay is None
        over = once or (self._replay is not None and self._replay.done)
        self.close(0.0 if over else self._idle_s)
        if over:
            self._delivery.flush(FLUSH_S)
        return over

    def poll(self) -> int:
        """Take in what is new, hand out what is due; return how many series grew.

        Raises StoreError where the store does not answer: all is then as it was kept.
        """
        self._begin()
        try:
            grown = self._polled()
        except StoreError:
            self._recall()
            raise
        self._delivery.offer(())
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
            self._keep(renewed(self._courses.values(), new, self._coincident))
        self._look_again()
        self._keep_quiet()
        return grown

    def close(self, idle_s: float) -> None:
        """Judge series that have been without rows for so long as if they had ended."""
        now, ended = clock.monotonic(), []
        if idle_s == 0:
            self._look_again(now=True)
        for course in [c for c in self._courses.values() if not c.closed]:
            wait = idle_s if lives(course) else min(idle_s, OLD_IDLE_S)
            if now - self._touched.get(course.name, now) >= wait:
                last = self._detectors.kept(course).finish()
                ended.append((course, take(course, last, provisional=True)))
                course.closed = True
        self._keep(ended)
        for course, _ in ended:
            self._detectors.rest(course)

    def end(self) -> None:
        """Keep what is not yet kept, and let the sinks go."""
        self._checkpoints.save(
            [self._with_state(self._courses[n]) for n in self._ahead]
        )
        self._ahead.clear()
        self._delivery.stop()
        self._settle()

    @property
    def alerts(self) -> int:
        """How many alerts every sink has taken."""
        return self._delivery.delivered

    def heartbeat(self) -> str:
        """Return a line that tells that the watcher lives, and what it knows."""
        courses = self._courses.values()
        return (
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} watching {len(courses)} series, "
            f"{sum(not c.closed for c in courses)} of them live; "
            f"{self._following.rows_read:,} rows read, "
            f"{sum(c.late for c in courses):,} came late or twice; "
            f"{self.alerts} alerts delivered, {self._delivery.waiting} waiting"
        )

    def _live(self, *, ended: bool = False) -> None:
        """Tell that the watcher lives, for `orbital health`."""
        courses = self._courses.values()
        self._signs.write(
            series=len(courses),
            live=sum(not course.closed for course in courses),
            waiting=self._delivery.waiting,
            ended=ended,
        )

    def _begin(self) -> None:
        """Take up what was kept, once no other watcher changes it any more."""
        if not self._begun:
            self._begun = True
            self._recall()
            self._delivery.offer(self._checkpoints.outbox())

    def _recall(self) -> None:
        """Take up what the checkpoint holds, whatever was known besides."""
        self._courses = self._checkpoints.courses()
        self._following = Following(self._store, self._courses, self._settings)
        self._detectors = Detectors(self._settings)
        self._ahead: dict[Name, float] = {}
        now = clock.monotonic()
        self._touched = dict.fromkeys(self._courses, now)
        self._relook: dict[Name, float] = {}

    def _take(self, batch: Batch) -> int:
        """Feed rows of several series to their detectors, and keep what these tell."""
        self._live()
        changes = []
        for course, rows in batch:
            try:
                changes.append((course, self._fed(course, rows)))
            except QueryError as error:
                # Its first rows may have been a part of what it is: look at all of it.
                course.relook = course.newest_met is not None
                if not course.relook:
                    self._refuse(course, error)
        self._keep(changes)
        return len(changes)

    def _refuse(self, course: Course, error: QueryError) -> None:
        """Follow a series no more."""
        self._following.refused.add(course.name)
        course.closed, course.relook = True, False
        self._note(f"{course.series} cannot be followed: {error}")

    def _fed(self, course: Course, rows: pl.DataFrame) -> Change:
        first_sight = course.newest_met is None
        if course.origin is None:
            course.origin = origin(rows) | {"instrument": rows["instrument"][0]}
        if first_sight:
            self._detectors.anew(course)
        told = self._detectors.of(course).feed(rows)
        change = join(resume(course), take(course, told, provisional=False))
        change.anew = first_sight
        self._following.passed(course, rows)
        self._ahead.setdefault(course.name, clock.monotonic())
        course.closed = False
        now = clock.monotonic()
        self._touched[course.name] = -inf if first_sight and not lives(course) else now
        return change

    def _keep(self, changes: list[tuple[Course, Change]]) -> None:
        """Write rows, then the checkpoint, then tell: in this order."""
        told = [(course, change) for course, change in changes if change]
        coincide(told, self._coincident)
        write(self._store, told, noted=self._checkpoints.folder / OPEN)
        made = [one for pair in told for one in alerts_of(*pair)]
        kept = {c.name: c for c, change in changes if change or c.closed or c.changed}
        if kept or made:
            for name, course in kept.items():
                self._with_state(course)
                self._ahead.pop(name, None)
            waiting = self._checkpoints.save(kept.values(), made, self._delivery.names)
            self._delivery.offer(waiting)

    def _keep_quiet(self) -> None:
        """Keep how far series without news were followed, now and then."""
        before = clock.monotonic() - KEEP_S
        due = [name for name, since in self._ahead.items() if since <= before]
        if due:
            self._checkpoints.save([self._with_state(self._courses[n]) for n in due])
            for name in due:
                del self._ahead[name]

    def _look_again(self, *, now: bool = False) -> None:
        """Follow series whose rows came late once more, in order, where it is time."""
        for name, course in list(self._courses.items()):
            if not course.relook:
                continue
            began = clock.monotonic()
            if began < self._relook.setdefault(name, began + RELOOK_S) and not now:
                continue
            try:
                self._follow_again(course)
            except QueryError as error:
                self._refuse(course, error)
            took = clock.monotonic() - began
            self._relook[name] = clock.monotonic() + max(RELOOK_S, RELOOK_SHARE * took)

    def _follow_again(self, course: Course) -> None:
        rows = self._following.all_of(course)
        if rows.height:
            told = self._detectors.anew(course).feed(rows)
            course.origin = origin(rows) | {"instrument": rows["instrument"][0]}
            self._following.passed(course, rows)
            course.closed, course.relook = False, False
            self._keep([(course, again(course, told))])
            self._ahead[course.name] = clock.monotonic()

    def _with_state(self, course: Course) -> Course:
        course.state = self._detectors.state(course)
        return course

    def _settle(self) -> None:
        taken = self._delivery.settled()
        if taken:
            self._checkpoints.settle(taken)
