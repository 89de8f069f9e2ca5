"""`--watch` of several commands: check again at an interval."""

import time
from collections.abc import Iterator

import click

watch_option = click.option(
    "--watch",
    "every",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Check again at this interval until interrupted.",
)
looks_option = click.option(
    "--looks",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --watch, stop after N checks.",
)


def polls(every: float | None, most: int | None) -> Iterator[int]:
    """Count polls: a single one, or one per interval until `most` or Ctrl-C.

    A poll that takes longer than the interval is followed by the next at once.
    """
    count, due = 0, time.monotonic()
    try:
        while True:
            yield count
            count += 1
            if every is None or count == most:
                return
            due = max(due + every, time.monotonic())
            time.sleep(due - time.monotonic() if due > time.monotonic() else 0)
    except KeyboardInterrupt:
        return
