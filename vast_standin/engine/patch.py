"""Patches: new values of single columns of a segment, laid over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from vast_standin.engine.files import Extent
from vast_standin.engine.positions import Positions
from vast_standin.engine.zones import ColumnZones, unpack
from vast_standin.http import ProtocolError


@dataclass(frozen=True, eq=False)
class Patch:
    """New values of some columns: extent rows [first, first + rows) at positions.

    The positions are `start` and those after it, or, where `start` is None, given
    as one per row.
    """

    id: int
    extent: Extent
    first: int
    rows: int
    start: int | None
    positions: Positions | None
    packed_zones: bytes

    @cached_property
    def zones(self) -> Mapping[int, ColumnZones]:
        """Zone maps by column number, for the touched groups only."""
        return unpack(self.packed_zones)

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Numbers of the columns it changes."""
        return frozenset(int(n) for n in self.extent.batch.schema.names)

    @cached_property
    def nbytes(self) -> int:
        """Its share of the extent's bytes: all of one that cannot be read."""
        try:
            rows = self.extent.batch.num_rows
        except ProtocolError:
            rows = self.rows
        return int(self.extent.length * self.rows // max(1, rows))

    def values(self, number: int) -> pa.Array:
        """Return the new values of a column, verified."""
        self.extent.verify(str(number), self.first, self.first + self.rows)
        return self.extent.batch.column(str(number)).slice(self.first, self.rows)

    @cached_property
    def rising(self) -> tuple[Positions, Positions | None]:
        """Positions in rising order, and the order of values that belongs to it."""
        if self.positions is None:
            start = self.start or 0
            return np.arange(start, start + self.rows), None
        if bool(np.all(self.positions[1:] > self.positions[:-1])):
            return self.positions, None
        order = np.argsort(self.positions, kind="stable")
        order = order[self.positions[order] >= 0]
        return self.positions[order], order
