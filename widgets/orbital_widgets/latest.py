"""Work off the UI thread; only the newest result is delivered."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

Job = Callable[[], Any]
Done = Callable[[Future[Any]], None]


class Latest:
    """One worker thread; a new job makes every earlier job stale.

    Inside a running event loop (a notebook's), results are passed to `done` on the thread
    of that loop, holding `lock`. Without a loop, `wait` passes them on the calling thread.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="orbital-explorer")
        self._loop = running_loop()
        self._generation = 0
        self._delivered = 0
        self._future: Future[Any] | None = None
        self._done: Done = lambda _future: None

    def stale(self) -> Callable[[], bool]:
        """Return whether the next job has been replaced, as a function for that job."""
        generation = self._generation + 1
        return lambda: self._generation != generation

    def ask(self, job: Job, done: Done) -> None:
        """Run `job` on the worker, then `done` with its future unless a newer job replaced it."""
        with self._lock:
            if self._future is not None:
                self._future.cancel()
            self._generation += 1
            generation = self._generation
            self._done = done
            self._future = self._pool.submit(job)
            if self._loop is not None:
                self._future.add_done_callback(lambda _: self._hand_over(generation))

    @property
    def asked(self) -> bool:
        """Whether a job was ever given."""
        return self._future is not None

    def wait(self, timeout_s: float) -> None:
        """Block until the newest job is done and delivered; TimeoutError if it is not."""
        with self._lock:
            future, generation = self._future, self._generation
        if future is None:
            return
        _, running = concurrent.futures.wait([future], timeout_s)
        if running:
            raise TimeoutError(f"no answer after {timeout_s:g} s")
        self._deliver(generation)

    def meanwhile(self, act: Callable[[], None]) -> None:
        """Run a function on the loop's thread while a job runs; at once without a loop."""
        if self._loop is None:
            act()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    def close(self) -> None:
        """Drop the running job and let the thread end."""
        self._generation += 1
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _hand_over(self, generation: int) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, generation)

    def _deliver(self, generation: int) -> None:
        with self._lock:
            if generation != self._generation or generation == self._delivered:
                return
            if self._future is not None:
                self._delivered = generation
                self._done(self._future)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of the kernel, or None outside of one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
