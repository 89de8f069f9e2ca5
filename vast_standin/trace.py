"""Trace of one request: id, times of its stages, user."""

import itertools
import secrets
import time
from dataclasses import dataclass, field

_PREFIX = secrets.token_hex(4).upper()
_COUNTER = itertools.count(1)


@dataclass
class Trace:
    """Times of one request by stage, in milliseconds; holds no secrets."""

    peer: str = "127.0.0.1"
    id: str = field(default_factory=lambda: f"{_PREFIX}{next(_COUNTER):08X}")
    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict)
    user: str = ""
    action: str = ""
    error: str = ""
    _last: float = 0.0

    def __post_init__(self) -> None:
        self._last = self.started

    def mark(self, stage: str) -> None:
        """Add the time since the last mark to a stage."""
        now = time.perf_counter()
        spent = (now - self._last) * 1000
        self.stages[stage] = round(self.stages.get(stage, 0.0) + spent, 3)
        self._last = now

    @property
    def milliseconds(self) -> float:
        """Return the time since the request's first byte was read."""
        return round((time.perf_counter() - self.started) * 1000, 3)
