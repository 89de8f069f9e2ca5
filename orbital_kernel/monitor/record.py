"""The record of what the watcher found: rows, then the checkpoint, then alerts.

The order makes alerts exact. Rows of cross.bursts are written in one transaction, with
identities that depend on the data alone; then the checkpoint changes, also in one
transaction; then alerts are delivered from the checkpoint's outbox. After a kill before
the checkpoint the same rows are written over themselves; after a kill behind it the
outbox is delivered. The detector's state is saved with every change and every few
seconds: rows read since are read again, without effect, since they changed nothing.
"""

import time as clock
from collections.abc import Callable, Collection, Mapping

from orbital_kernel.database import Store
from orbital_kernel.monitor.alerts import Alert, alert
from orbital_kernel.monitor.checkpoint import Checkpoints, Waiting
from orbital_kernel.monitor.coincident import Coincident
from orbital_kernel.monitor.course import Change, Changes, Course, Name
from orbital_kernel.monitor.write import coincide, write

SAVE_S = 5.0
OPEN = "watch.transaction"


class Record:
    """Stores changes in an order that survives a kill at any moment."""

    def __init__(
        self,
        store: Store,
        checkpoints: Checkpoints,
        coincident: Coincident,
        state: Callable[[Course], bytes],
    ) -> None:
        """Write to a store and to checkpoints; `state` returns a detector's state."""
        self._store = store
        self._checkpoints = checkpoints
        self._coincident = coincident
        self._state = state
        self._unsaved: dict[Name, float] = {}

    def touch(self, course: Course) -> None:
        """Note that a course is ahead of its checkpoint."""
        self._unsaved.setdefault(course.name, clock.monotonic())

    def save(self, changes: Changes, sinks: Collection[str]) -> list[Waiting]:
        """Write rows, then the checkpoint; return the alerts to deliver to `sinks`."""
        effective = [(course, change) for course, change in changes if change]
        coincide(effective, self._coincident)
        write(self._store, effective, noted=self._checkpoints.folder / OPEN)
        alerts = [alert for pair in effective for alert in _alerts(*pair)]
        due = {c.name: c for c, change in changes if change or c.closed or c.changed}
        if not (due or alerts):
            return []
        for name, course in due.items():
            self._with_state(course)
            self._unsaved.pop(name, None)
        return self._checkpoints.save(due.values(), alerts, sinks)

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

    def _with_state(self, course: Course) -> Course:
        course.state = self._state(course)
        return course


def _alerts(course: Course, change: Change) -> list[Alert]:
    """Return the alerts of a change, in order."""
    instrument = (course.origin or {}).get("instrument")
    return [
        alert(kind, key=key, record=record, row=row, instrument=instrument)
        for kind, key, record, row in change.notes
    ]
