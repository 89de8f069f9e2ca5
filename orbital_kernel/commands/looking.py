"""Looking again and again: what `--watch` of several commands does."""

import time
from collections.abc import Iterator

import click

watch_option = click.option(
    "--watch",
    "every",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Look again every so many seconds until interrupted.",
)
looks_option = click.option(
    "--looks",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --watch, stop after this many looks.",
)


def looks(every: float | None, most: int | None) -> Iterator[int]:
    """Count looks: one, or one every so many seconds until `most` or Ctrl-C.

    A look that takes longer than the pause is followed by the next at once.
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
