"""Work off the UI thread; only the newest result is delivered, the others are cancelled."""

import asyncio
import concurrent.futures
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from orbital_kernel.errors import Cancelled, StoreError
from orbital_kernel.query import Cancel

Job = Callable[[], Any]
Done = Callable[[Future[Any]], None]


class Waiting(Protocol):
    """Whoever follows whether a result is waited for."""

    def __call__(self, *, waiting: bool) -> None:
        """Take whether one is."""


WITHIN_S = 120.0
"""Longest time that a widget waits for an answer, s."""
PAUSE_S = 0.1
"""Time after a change in which another one replaces what it would ask for, s."""
GRACE_S = 1.0
"""Time for a cancelled job to end before the next one starts beside it, s."""


class Latest:
    """Jobs on a thread; a new job cancels every earlier one.

    Inside a running event loop (a notebook's), results are passed to `done` on the thread
    of that loop, holding `lock`. Without a loop, `wait` passes them on the calling thread.
    A job without a result after `within_s` is cancelled, and `done` gets the error; None
    sets no limit. A read that is cancelled ends on the server too. A job starts `pause_s`
    after it is given: of several in that time only the last one runs.
    """

    def __init__(
        self,
        lock: threading.RLock,
        *,
        within_s: float | None = WITHIN_S,
        pause_s: float = 0.0,
    ) -> None:
        self._lock, self._within_s, self._pause_s = lock, within_s, pause_s
        self._loop = running_loop()
        self._generation = 0
        self._delivered = 0
        self._started = 0.0
        self._cancel = Cancel()
        self._future: Future[Any] | None = None
        self._job: Future[Any] | None = None
        self._done: Done = lambda _future: None
        self._limit: asyncio.TimerHandle | None = None
        self._waiting: Waiting = _nobody

    @property
    def limit(self) -> str:
        """The longest wait in words, '' without one."""
        return "" if self._within_s is None else f"for at most {self._within_s:g} s"

    def on_waiting(self, follow: Waiting) -> None:
        """Call `follow` when a job starts, and when its result is delivered."""
        self._waiting = follow

    def stale(self) -> Callable[[], bool]:
        """Return whether the next job has been replaced, as a function for that job."""
        generation = self._generation + 1
        return lambda: self._generation != generation

    def ask(self, job: Job, done: Done) -> None:
        """Run `job` on a thread, then `done` with its future unless a newer job came."""
        with self._lock:
            self._cancel.set()
            self._cancel, before = Cancel(), self._job
            self._generation += 1
            self._future = self._job = Future()
            self._done, self._started = done, time.monotonic()
            arguments = (job, self._job, before, self._cancel, self._generation)
            threading.Thread(
                target=self._run, args=arguments, daemon=True, name="orbital-widget"
            ).start()
            if self._loop is not None:
                self._future.add_done_callback(self._hand_over_of(self._generation))
                self._limit_in_loop()
        self._waiting(waiting=True)

    @property
    def asked(self) -> bool:
        """Whether a job was ever given."""
        return self._future is not None

    @property
    def waiting(self) -> bool:
        """Whether the newest job's result has not been delivered."""
        return self._future is not None and self._delivered != self._generation

    def wait(self, timeout_s: float) -> None:
        """Block until the newest job is done and delivered; TimeoutError if it is not."""
        with self._lock:
            future, generation = self._future, self._generation
        if future is None:
            return
        within_s = math.inf if self._within_s is None else self._within_s
        left_s = max(0.0, self._started + within_s - time.monotonic())
        _, running = concurrent.futures.wait([future], min(timeout_s, left_s))
        if running and left_s <= timeout_s:
            self._give_up(generation)
        elif running:
            raise TimeoutError(f"no answer after {timeout_s:g} s")
        self._deliver(generation)

    def cancel(self) -> None:
        """Cancel the running job; its `done` gets the error Cancelled."""
        self._end(self._generation, Cancelled("the question was cancelled"))

    def meanwhile(self, act: Callable[[], None]) -> None:
        """Run a function on the loop's thread while a job runs; at once without a loop."""
        if self._loop is None:
            act()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    def close(self) -> None:
        """Drop the running job, and end its reads."""
        self._generation += 1
        self._cancel.set()
        self._end_limit()

    def _run(
        self,
        job: Job,
        future: Future[Any],
        before: Future[Any] | None,
        cancel: Cancel,
        generation: int,
    ) -> None:
        time.sleep(self._pause_s)
        if before is not None:
            concurrent.futures.wait([before], GRACE_S)
        if self._generation != generation:
            future.set_exception(Cancelled("a newer question replaced this one"))
            return
        try:
            with cancel.block():
                result = job()
        except BaseException as error:  # noqa: BLE001 - delivered with the future
            future.set_exception(error)
        else:
            future.set_result(result)

    def _limit_in_loop(self) -> None:
        self._end_limit()
        if self._within_s is not None and self._loop is not None:
            self._limit = self._loop.call_later(
                self._within_s, self._give_up, self._generation
            )

    def _end_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()

    def _give_up(self, generation: int) -> None:
        words = f"no answer within {self._within_s:g} s; the question was cancelled"
        self._end(generation, StoreError(words))

    def _end(self, generation: int, error: Exception) -> None:
        """Deliver an error in place of a result that has not come."""
        with self._lock:
            if generation != self._generation or not self.waiting:
                return
            self._cancel.set()
            self._future = Future()
            self._future.set_exception(error)
            self._deliver(generation)

    def _hand_over_of(self, generation: int) -> Done:
        def hand_over(_future: Future[Any]) -> None:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._deliver, generation)

        return hand_over

    def _deliver(self, generation: int) -> None:
        with self._lock:
            if generation != self._generation or generation == self._delivered:
                return
            if self._future is not None:
                self._delivered = generation
                self._end_limit()
                self._waiting(waiting=False)
                self._done(self._future)


def _nobody(*, waiting: bool) -> None:
    """Follow nothing."""


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of the kernel, or None outside of one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
