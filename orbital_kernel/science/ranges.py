"""Index ranges expanded into pairs, in parts of limited size."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MOST_AT_ONCE = 4_000_000


def expand(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return pairs (i, j) for every j in [first[i], last[i])."""
    counts = np.maximum(last - first, 0)
    of_i = np.repeat(np.arange(first.size), counts)
    before = np.cumsum(counts) - counts
    return of_i, np.arange(of_i.size) + np.repeat(first - before, counts)


def expanded(
    first: Ints, last: Ints, *, most: int = MOST_AT_ONCE
) -> Iterator[tuple[Ints, Ints]]:
    """Yield the pairs of `expand` in parts of about `most`; one i is never cut."""
    counts = np.cumsum(np.maximum(last - first, 0))
    start = 0
    while start < first.size:
        done = counts[start - 1] if start else 0
        stop = max(int(np.searchsorted(counts, done + most, side="right")), start + 1)
        of_i, of_j = expand(first[start:stop], last[start:stop])
        if of_i.size:
            yield of_i + start, of_j
        start = stop
