"""Hands alerts to sinks in order; a sink that is slow or away holds up nothing else."""

import time as clock
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Condition, Thread

from orbital_kernel.monitor.checkpoint import Waiting
from orbital_kernel.monitor.sinks import Refused, Sink

RETRY_S = (1.0, 60.0)
Note = Callable[[str], None]


class Delivery:
    """The sinks, each with what waits for it.

    A sink whose `waits` is true (one that speaks to a network) is served by a thread of
    its own, any other at once, in `offer`.
    """

    def __init__(self, sinks: Sequence[Sink], note: Note) -> None:
        self._lines = {sink.name: _Line(sink, note) for sink in sinks}
        self._void: list[Waiting] = []
        self.delivered = 0

    @property
    def names(self) -> set[str]:
        """The sinks' names."""
        return set(self._lines)

    def offer(self, alerts: Iterable[Waiting]) -> None:
        """Give alerts to the sinks that wait for them, oldest first."""
        for one in alerts:
            one.sinks &= self.names
            if not one.sinks:
                self._void.append(one)
            for name in sorted(one.sinks):
                self._lines[name].put(one)
        for line in self._lines.values():
            line.serve()

    def settled(self) -> list[Waiting]:
        """Return alerts some sink has taken since, less those sinks."""
        taken = [
            (one, name) for name, line in self._lines.items() for one in line.taken()
        ]
        changed = {one.number: one for one, _ in taken}
        for one, name in taken:
            one.sinks.discard(name)
        self.delivered += sum(not one.sinks for one in changed.values())
        void, self._void = self._void, []
        return [*changed.values(), *void]

    @property
    def waiting(self) -> int:
        """How many deliveries are still to be made."""
        return sum(line.length for line in self._lines.values())

    def flush(self, seconds: float) -> None:
        """Wait until everything is delivered or a sink is found away, at most so long."""
        deadline = clock.monotonic() + seconds
        for line in self._lines.values():
            line.wait(deadline)

    def stop(self) -> None:
        """End the threads; what was not delivered waits for the next start."""
        for line in self._lines.values():
            line.stop()


@dataclass
class _Line:
    """What waits for one sink."""

    sink: Sink
    note: Note
    queue: list[Waiting] = field(default_factory=list)
    done: list[Waiting] = field(default_factory=list)
    due: float = 0.0
    pause: float = RETRY_S[0]
    stopped: bool = False
    thread: Thread | None = None
    changed: Condition = field(default_factory=Condition)

    @property
    def length(self) -> int:
        return len(self.queue)

    def put(self, one: Waiting) -> None:
        with self.changed:
            self.queue.append(one)
            self.changed.notify_all()

    def taken(self) -> list[Waiting]:
        with self.changed:
            done, self.done = self.done, []
        return done

    def serve(self) -> None:
        """Deliver here and now, or see to it that a thread does."""
        if not getattr(self.sink, "waits", True):
            while self.queue and clock.monotonic() >= self.due:
                self._deliver()
        elif self.queue and self.thread is None:
            self.thread = Thread(
                target=self._run, name=f"alerts to {self.sink.name}", daemon=True
            )
            self.thread.start()

    def wait(self, deadline: float) -> None:
        with self.changed:
            self.changed.wait_for(
                lambda: not self.queue or self.due > clock.monotonic(),
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
                if not self.queue or pause > 0:
                    self.changed.wait(pause if self.queue else None)
                    continue
            self._deliver()

    def _deliver(self) -> None:
        """Send the first alert; it waits, and those after it, where that fails."""
        one = self.queue[0]
        try:
            self.sink.send(one.alert)
        except Refused as error:
            self.note(f"alert {one.alert['id']!r} was refused for good: {error}")
        except OSError as error:
            with self.changed:
                self.due = clock.monotonic() + self.pause
                pause, self.pause = self.pause, min(2 * self.pause, RETRY_S[1])
                self.changed.notify_all()
            self.note(
                f"{self.sink.name} does not take alerts ({error}); again in {pause:.0f} s"
            )
            return
        with self.changed:
            self.done.append(self.queue.pop(0))
            self.due, self.pause = 0.0, RETRY_S[0]
            self.changed.notify_all()
