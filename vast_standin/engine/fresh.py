"""Rows a transaction inserted itself: nobody else can be changing them."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from vast_standin.engine.positions import RowIds

_Span = tuple[int, int]


@dataclass
class FreshRows:
    """Spans of row ids by table; callers take care of one call at a time."""

    _spans: dict[int, list[_Span]] = field(default_factory=lambda: defaultdict(list))

    def note(self, table_id: int, first: int, rows: int) -> None:
        """Remember rows; those that follow the last are joined to them."""
        spans = self._spans[table_id]
        if spans and spans[-1][1] == first:
            spans[-1] = (spans[-1][0], first + rows)
        else:
            spans.append((first, first + rows))

    def holds(self, table_id: int, row_ids: RowIds) -> bool:
        """Return whether all these rows are remembered."""
        spans = sorted(self._spans.get(table_id, ()))
        if not spans:
            return False
        starts = np.array([s for s, _ in spans], dtype=np.uint64)
        stops = np.array([e for _, e in spans], dtype=np.uint64)
        at = np.searchsorted(starts, row_ids, side="right") - 1
        return bool(np.all(at >= 0) and np.all(row_ids < stops[at]))
