"""Independent requests, sent side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

SIDE_BY_SIDE = 8
Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(ask: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return what `ask` gives for each, in order; at most SIDE_BY_SIDE at once.

    What cancels the reads of the calling thread cancels those too.
    """
    if len(items) <= 1:
        return [ask(item) for item in items]
    with ThreadPoolExecutor(min(len(items), SIDE_BY_SIDE)) as pool:
        futures = [pool.submit(copy_context().run, ask, item) for item in items]
        return [future.result() for future in futures]
