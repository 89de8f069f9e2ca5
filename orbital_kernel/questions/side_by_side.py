"""Independent requests, sent side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

SIDE_BY_SIDE = 8
Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(ask: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return what `ask` gives for each, in order; at most SIDE_BY_SIDE at once."""
    if len(items) <= 1:
        return [ask(item) for item in items]
    with ThreadPoolExecutor(min(len(items), SIDE_BY_SIDE)) as pool:
        return list(pool.map(ask, items))
