"""The record of what the watcher found: rows, then the checkpoint, then alerts.

The order makes alerts exact. Rows of cross.bursts are written in one transaction, with
identities that depend on the data alone; then the checkpoint changes, also in one
transaction; then alerts are delivered from the checkpoint's outbox. After a kill before
the checkpoint the same rows are written over themselves; after a kill behind it the
outbox is delivered. The detector's state is saved with every change and every few
seconds: rows read since are read again, without effect, since they changed nothing.
"""

import time as clock
from collections.abc import Mapping

from orbital_kernel.database import Store
from orbital_kernel.monitor.changes import alerts_of
from orbital_kernel.monitor.checkpoint import Checkpoints, Course, Name
from orbital_kernel.monitor.coincident import Coincident
from orbital_kernel.monitor.deliver import Delivery
from orbital_kernel.monitor.detectors import Detectors
from orbital_kernel.monitor.write import Changes, coincide, write

SAVE_S = 5.0
OPEN = "watch.transaction"


class Record:
    """Stores changes in an order that survives a kill at any moment."""

    def __init__(
        self,
        store: Store,
        checkpoints: Checkpoints,
        delivery: Delivery,
        coincident: Coincident,
        detectors: Detectors,
    ) -> None:
        self._store = store
        self._checkpoints = checkpoints
        self._delivery = delivery
        self._coincident = coincident
        self._detectors = detectors
        self._unsaved: dict[Name, float] = {}

    def touch(self, course: Course) -> None:
        """Note that a course is ahead of its checkpoint."""
        self._unsaved.setdefault(course.name, clock.monotonic())

    def save(self, changes: Changes) -> None:
        """Write rows, then the checkpoint, then alert: in this order."""
        effective = [(course, change) for course, change in changes if change]
        coincide(effective, self._coincident)
        write(self._store, effective, noted=self._checkpoints.folder / OPEN)
        alerts = [alert for pair in effective for alert in alerts_of(*pair)]
        due = {c.name: c for c, change in changes if change or c.closed or c.changed}
        if due or alerts:
            for name, course in due.items():
                self._with_state(course)
                self._unsaved.pop(name, None)
            waiting = self._checkpoints.save(due.values(), alerts, self._delivery.names)
            self._delivery.offer(waiting)

    def save_quiet(
        self, courses: Mapping[Name, Course], *, age_s: float = SAVE_S
    ) -> None:
        """Save how far series without changes were followed, if that is so old."""
        before = clock.monotonic() - age_s
        due = [name for name, since in self._unsaved.items() if since <= before]
        if due:
            self._checkpoints.save([self._with_state(courses[name]) for name in due])
            for name in due:
                del self._unsaved[name]

    def settle(self) -> None:
        """Save which alerts the sinks have accepted since."""
        settled = self._delivery.settled()
        if settled:
            self._checkpoints.settle(settled)

    def _with_state(self, course: Course) -> Course:
        course.state = self._detectors.state(course)
        return course
