"""Tables that live in memory only: computed answers, read like any other table."""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from vast_standin.engine.base import Base
from vast_standin.engine.files import DataFile, Extent
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Column, Definition, Table


@dataclass(frozen=True, eq=False)
class MemoryExtent(Extent):
    """A record batch that is not in a file."""

    held: pa.RecordBatch | None = None

    def verify(self, column: str, start: int = 0, stop: int | None = None) -> None:
        """Do nothing: there is no file."""

    def expect(self, column: str, start: int, stop: int) -> None:
        """Do nothing: it is in memory."""

    @property
    def whole(self) -> bool:
        """Return that there is nothing to verify."""
        return True

    @cached_property
    def batch(self) -> pa.RecordBatch:
        """The record batch."""
        return self.held

    @property
    def scattered(self) -> pa.RecordBatch:
        """The same."""
        return self.batch


def table_of(data: pa.Table) -> Table:
    """Return a table without zones, that holds the given rows."""
    columns = tuple(
        Column(i, field.with_nullable(True)) for i, field in enumerate(data.schema)
    )
    definition = Definition(columns, len(columns))
    numbered = data.rename_columns([str(c.number) for c in columns])
    batches = numbered.combine_chunks().to_batches()
    segments: list[Segment] = []
    first = 0
    for batch in batches:
        extent = MemoryExtent(_NOWHERE, 0, batch.nbytes, batch)
        base = Base(len(segments), batch.num_rows, first, extent, b"", float(first))
        segments.append(Segment(base))
        first += batch.num_rows
    return Table(0, 0, "", definition, tuple(segments), inserted=data.num_rows)


class _Nowhere(DataFile):
    """The file of data that is in memory only."""

    def __init__(self) -> None:
        """Make a file with nothing on disk, so that nothing of it can be missing."""
        self.absent = False

    def require(self) -> None:
        """Do nothing: nothing of it can be missing."""


_NOWHERE = _Nowhere()
