"""The detectors of the series followed, each taken up where its series was left."""

from orbital_kernel.monitor.checkpoint import Course, Name
from orbital_kernel.science.bursts import Detector, Settings


class Detectors:
    """Detectors by series; a course holds the state of one that is not at work."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._working: dict[Name, Detector] = {}

    def of(self, course: Course) -> Detector:
        """Return the detector that follows a course."""
        if course.name not in self._working:
            self._working[course.name] = self.kept(course)
        return self._working[course.name]

    def kept(self, course: Course) -> Detector:
        """Return another one, as it would be taken up after a kill now."""
        state = self.state(course)
        return Detector.from_state(state) if state else Detector(self._settings)

    def state(self, course: Course) -> bytes:
        """Return the state to keep with a course."""
        known = self._working.get(course.name)
        return known.state() if known is not None else course.state

    def anew(self, course: Course) -> Detector:
        """Return a detector that has seen nothing of a course."""
        self._working[course.name] = Detector(self._settings)
        return self._working[course.name]

    def rest(self, course: Course) -> None:
        """Let go of the detector of a course whose state is kept."""
        self._working.pop(course.name, None)
