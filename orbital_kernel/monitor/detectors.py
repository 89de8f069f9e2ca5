"""The detectors of the series that are followed: new rows in, changes out.

A detector continues from the state that its series' checkpoint holds.
"""

import polars as pl

from orbital_kernel.monitor.changes import again, resume, take
from orbital_kernel.monitor.course import Change, Course, Name, join
from orbital_kernel.monitor.rows import origin
from orbital_kernel.science.bursts import Detector, Settings


class Detectors:
    """Detectors by series; a course holds the state of one that is not at work."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._working: dict[Name, Detector] = {}

    def feed(self, course: Course, rows: pl.DataFrame) -> Change:
        """Return the change that new rows of a series make."""
        first_sight = course.newest_met is None
        if course.origin is None:
            course.origin = _origin(rows)
        detector = self._fresh(course) if first_sight else self._of(course)
        triggers = detector.feed(rows)
        change = join(resume(course), take(course, triggers, provisional=False))
        change.rewrite = first_sight
        return change

    def feed_again(self, course: Course, rows: pl.DataFrame) -> Change:
        """Return the change that all rows of a series make, read again in order."""
        triggers = self._fresh(course).feed(rows)
        course.origin = _origin(rows)
        return again(course, triggers)

    def finish(self, course: Course) -> Change:
        """Return the change if the series ended here; its detector may still go on."""
        triggers = self._resumed(course).finish()
        return take(course, triggers, provisional=True)

    def state(self, course: Course) -> bytes:
        """Return the state to save with a course."""
        working = self._working.get(course.name)
        return working.state() if working is not None else course.state

    def release(self, course: Course) -> None:
        """Drop the detector of a course whose state is saved."""
        self._working.pop(course.name, None)

    def _of(self, course: Course) -> Detector:
        if course.name not in self._working:
            self._working[course.name] = self._resumed(course)
        return self._working[course.name]

    def _resumed(self, course: Course) -> Detector:
        """Return another detector, as it would resume after a kill now."""
        state = self.state(course)
        return Detector.from_state(state) if state else Detector(self._settings)

    def _fresh(self, course: Course) -> Detector:
        self._working[course.name] = Detector(self._settings)
        return self._working[course.name]


def _origin(rows: pl.DataFrame) -> dict[str, object]:
    return origin(rows) | {"instrument": rows["instrument"][0]}
