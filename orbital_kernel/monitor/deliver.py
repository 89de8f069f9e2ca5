"""Delivers alerts to sinks in order; a slow or absent sink delays no other.

A sink whose work takes long, such as a report, may take the newest alert first
(`newest_first`): what is found now then comes before what was found long ago. Alerts that
wait are in the checkpoint, so that a restart loses none.
"""

import logging
import time as clock
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Condition, Thread

from orbital_kernel.monitor.checkpoint import Waiting
from orbital_kernel.monitor.sinks import Refused, Sink

LOG = logging.getLogger(__name__)
RETRY_S = (1.0, 60.0)
Note = Callable[[str], None]


class Delivery:
    """The sinks, each with the alerts that wait for it.

    A sink whose `waits` is true (one that uses a network) is served by a thread of its
    own, any other at once, in `offer`.
    """

    def __init__(self, sinks: Sequence[Sink], note: Note) -> None:
        self._queues = {sink.name: _Queue(sink, note) for sink in sinks}
        self._void: list[Waiting] = []
        self.delivered = 0

    @property
    def names(self) -> set[str]:
        """The sinks' names."""
        return set(self._queues)

    def offer(self, alerts: Iterable[Waiting]) -> None:
        """Pass alerts to the sinks they wait for, oldest first."""
        for entry in alerts:
            entry.sinks &= self.names
            if not entry.sinks:
                self._void.append(entry)
            for name in sorted(entry.sinks):
                self._queues[name].put(entry)
        for queue in self._queues.values():
            queue.serve()

    def settled(self) -> list[Waiting]:
        """Return alerts that some sink has accepted since, without those sinks."""
        delivered = [
            (entry, name)
            for name, queue in self._queues.items()
            for entry in queue.delivered()
        ]
        changed = {entry.number: entry for entry, _ in delivered}
        for entry, name in delivered:
            entry.sinks.discard(name)
        self.delivered += sum(not entry.sinks for entry in changed.values())
        void, self._void = self._void, []
        return [*changed.values(), *void]

    @property
    def waiting(self) -> int:
        """The number of deliveries still to be made."""
        return sum(queue.length for queue in self._queues.values())

    def flush(self, seconds: float) -> None:
        """Wait at most so long, until everything is delivered or a sink fails.

        A sink that takes long names its own time, `flush_s`.
        """
        began = clock.monotonic()
        for queue in self._queues.values():
            queue.wait(began + getattr(queue.sink, "flush_s", seconds))

    def stop(self) -> None:
        """End the threads; alerts not delivered wait for the next start."""
        for queue in self._queues.values():
            queue.stop()


@dataclass
class _Queue:
    """The alerts that wait for one sink."""

    sink: Sink
    note: Note
    entries: list[Waiting] = field(default_factory=list)
    done: list[Waiting] = field(default_factory=list)
    due: float = 0.0
    pause: float = RETRY_S[0]
    stopped: bool = False
    thread: Thread | None = None
    changed: Condition = field(default_factory=Condition)

    @property
    def length(self) -> int:
        return len(self.entries)

    def put(self, entry: Waiting) -> None:
        takes = getattr(self.sink, "takes", None)
        with self.changed:
            if takes is None or takes(entry.alert):
                self.entries.append(entry)
            else:
                self.done.append(entry)
            self.changed.notify_all()

    def delivered(self) -> list[Waiting]:
        with self.changed:
            done, self.done = self.done, []
        return done

    def serve(self) -> None:
        """Deliver now, or start the thread that does."""
        if not getattr(self.sink, "waits", True):
            while self.entries and clock.monotonic() >= self.due:
                self._deliver()
        elif self.entries and self.thread is None:
            self.thread = Thread(
                target=self._run, name=f"alerts to {self.sink.name}", daemon=True
            )
            self.thread.start()

    def wait(self, deadline: float) -> None:
        with self.changed:
            self.changed.wait_for(
                lambda: not self.entries or self.due > clock.monotonic(),
                max(deadline - clock.monotonic(), 0.0),
            )

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def _run(self) -> None:
        while not self.stopped:
            with self.changed:
                pause = self.due - clock.monotonic()
                if not self.entries or pause > 0:
                    self.changed.wait(pause if self.entries else None)
                    continue
            self._deliver()

    def _deliver(self) -> None:
        """Send the next alert; if that fails, it waits, as do those after it."""
        newest_first = getattr(self.sink, "newest_first", False)
        with self.changed:
            entry = self.entries[-1 if newest_first else 0]
        try:
            self.sink.send(entry.alert)
        except Refused as error:
            self.note(f"alert {entry.alert['id']!r} was refused permanently: {error}")
        except OSError as error:
            LOG.info("%s does not accept alerts", self.sink.name, exc_info=True)
            with self.changed:
                self.due = clock.monotonic() + self.pause
                pause, self.pause = self.pause, min(2 * self.pause, RETRY_S[1])
                self.changed.notify_all()
            self.note(
                f"{self.sink.name} does not accept alerts ({error}); next attempt in {pause:.0f} s"
            )
            return
        with self.changed:
            self.entries.remove(entry)
            self.done.append(entry)
            self.due, self.pause = 0.0, RETRY_S[0]
            self.changed.notify_all()
        if newest_first and self.entries:
            self.note(f"{self.sink.name}: {self.length} more wait, the newest is next")
