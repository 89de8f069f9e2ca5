"""How long to wait for one answer, how often to ask again, and after what pause."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

T = TypeVar("T")


class TooSlow(Exception):
    """An answer did not come in time; whether the request took effect is unknown."""


@dataclass(frozen=True)
class Patience:
    """Seconds for one answer, attempts, and pauses doubling from first to longest.

    Pauses are drawn between half and whole of their length, so that two clients that
    were refused together do not come back together.
    """

    answer_s: float = 30.0
    attempts: int = 7
    first_s: float = 0.2
    longest_s: float = 10.0
    sleep: Callable[[float], None] = time.sleep
    random: Random = field(default_factory=Random)

    def pauses(self) -> Iterator[float]:
        """Yield the pause before each attempt but the first."""
        for attempt in range(self.attempts - 1):
            longest = min(self.longest_s, self.first_s * 2**attempt)
            yield longest * (0.5 + 0.5 * self.random.random())

    def within(self, call: Callable[[], T]) -> T:
        """Return what the call returns; TooSlow where that takes over `answer_s`.

        The vendor's client has no time-out of its own, so the call runs in a daemon
        thread, which is left behind where the server never answers.
        """
        answers: queue.SimpleQueue[tuple[bool, object]] = queue.SimpleQueue()

        def run() -> None:
            try:
                answers.put((True, call()))
            except BaseException as error:  # noqa: BLE001 - raised again by the caller
                answers.put((False, error))

        threading.Thread(target=run, daemon=True, name="vms-request").start()
        try:
            good, answer = answers.get(timeout=self.answer_s)
        except queue.Empty:
            raise TooSlow(f"no answer within {self.answer_s:g} s") from None
        if isinstance(answer, BaseException) and not good:
            raise answer
        return answer  # type: ignore[return-value]
