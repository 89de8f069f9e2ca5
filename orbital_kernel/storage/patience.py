"""Time limits, repetitions and pauses of requests."""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeVar

T = TypeVar("T")
LOOK_S = 10.0
"""Seconds after which `health` returns, unless its caller gives another time."""


class TooSlow(Exception):
    """No answer came in time; it is unknown whether the request took effect."""


class LastAnswer:
    """The time of the last answer, as text for a reason."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at: float | None = None

    def note(self) -> None:
        """Note that an answer arrived now."""
        self._at = self._clock()

    def __str__(self) -> str:
        """Return the age of the last answer."""
        if self._at is None:
            return "it has not answered in this session"
        return f"its last answer is {self._clock() - self._at:.0f} s old"


@dataclass(frozen=True)
class Patience:
    """Seconds for one answer, attempts, and pauses doubling from first to longest.

    `until` is the end of all waiting, on `clock`: no wait and no pause lasts longer.

    Pauses are drawn between half and full length, so that two clients that were refused
    together do not return together.
    """

    answer_s: float = 30.0
    attempts: int = 7
    first_s: float = 0.2
    longest_s: float = 10.0
    until: float = math.inf
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    random: Random = field(default_factory=Random)

    def ending_in(self, seconds: float, *, attempts: int) -> "Patience":
        """Return a patience that ends after `seconds`, with at most `attempts`."""
        return replace(
            self,
            until=min(self.until, self.clock() + seconds),
            attempts=min(self.attempts, attempts),
        )

    @property
    def left_s(self) -> float:
        """Seconds until the end of all waiting."""
        return max(0.0, self.until - self.clock())

    def pauses(self) -> Iterator[float]:
        """Yield the pause before each attempt except the first."""
        for attempt in range(self.attempts - 1):
            longest = min(self.longest_s, self.first_s * 2**attempt)
            pause = longest * (0.5 + 0.5 * self.random.random())
            if pause >= self.left_s:
                return
            yield pause

    def within(self, call: Callable[[], T]) -> T:
        """Return the result of a call; TooSlow after `answer_s`, or at the end.

        The vendor's client has no time-out, so the call runs in a daemon thread, which
        is abandoned if the server never answers.
        """
        seconds = min(self.answer_s, self.left_s)
        if seconds <= 0:
            raise TooSlow("it was not asked: the time for all requests is over")
        answers: queue.SimpleQueue[tuple[bool, object]] = queue.SimpleQueue()

        def run() -> None:
            try:
                answers.put((True, call()))
            except BaseException as error:  # noqa: BLE001 - raised again by the caller
                answers.put((False, error))

        threading.Thread(target=run, daemon=True, name="vms-request").start()
        try:
            good, answer = answers.get(timeout=seconds)
        except queue.Empty:
            raise TooSlow(f"no answer within {seconds:.3g} s") from None
        if isinstance(answer, BaseException) and not good:
            raise answer
        return answer  # type: ignore[return-value]
