"""Operations of a transaction: each turns one root into the next and can be repeated.

They are applied to the transaction's own root at once and, when others committed
meanwhile, once more to the newest root at commit. Rows are therefore named by row id,
never by place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from vast_standin.engine.files import Extent
from vast_standin.engine.patch import Patch
from vast_standin.engine.positions import Positions, RowIds
from vast_standin.engine.root import Root, Schema
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Definition, Table
from vast_standin.engine.zones import pack, zones_of


@dataclass(frozen=True)
class PutSchema:
    """Create a schema, or give one its new path or properties."""

    schema: Schema

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        return root.with_schema(self.schema)


@dataclass(frozen=True)
class RemoveSchema:
    """Drop an empty schema."""

    schema_id: int

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        return root.without_schema(self.schema_id)


@dataclass(frozen=True, eq=False)
class PutTable:
    """Create a table."""

    table: Table

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        return root.with_table(self.table)


@dataclass(frozen=True)
class RemoveTable:
    """Drop a table."""

    table_id: int

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        return root.without_table(self.table_id)


@dataclass(frozen=True)
class RenameTable:
    """Move a table to another name or schema."""

    table_id: int
    schema_id: int
    name: str

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        old = root.tables[self.table_id]
        return root.with_table(
            replace(old, schema_id=self.schema_id, name=self.name, ddl=old.ddl + 1)
        )


@dataclass(frozen=True, eq=False)
class Redefine:
    """Give a table another definition."""

    table_id: int
    definition: Definition

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        old = root.tables[self.table_id]
        projections = {p.id for p in self.definition.projections}
        return root.with_table(
            replace(
                old,
                definition=self.definition,
                ddl=old.ddl + 1,
                runs=tuple(run for run in old.runs if run.projection in projections),
            )
        )


@dataclass(frozen=True, eq=False)
class Append:
    """Add a segment of new rows."""

    table_id: int
    segment: Segment
    external: bool

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        old = root.tables[self.table_id]
        return root.with_table(
            replace(
                old,
                segments=(*old.segments, self.segment),
                external=self.external,
                inserted=old.inserted + self.segment.rows,
            )
        )


@dataclass(frozen=True, eq=False)
class Change:
    """Give rows new values in some columns; values lie in the order of row ids."""

    table_id: int
    row_ids: RowIds
    extent: Extent
    new_id: Callable[[], int]
    _patches: dict[tuple[int, int], Patch] = field(default_factory=dict)

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        table = root.tables[self.table_id]
        segments = list(table.segments)
        for index, positions, chosen in table.locate(self.row_ids):
            patch = self._patch(segments[index], positions, chosen)
            segments[index] = segments[index].with_patch(patch)
        return root.with_table(table.with_segments(tuple(segments)))

    def _patch(
        self, segment: Segment, positions: Positions, chosen: Positions
    ) -> Patch:
        first = int(chosen[0])
        key = (segment.id, first)
        if key not in self._patches:
            self._patches[key] = self._make(positions, chosen)
        return self._patches[key]

    def _make(self, positions: Positions, chosen: Positions) -> Patch:
        first, rows = int(chosen[0]), len(chosen)
        together = int(chosen[-1]) - first + 1 == rows
        self.extent.verify_all()
        extent, values = self.extent, self.extent.batch
        if together:
            values = values.slice(first, rows)
        else:
            # Rows of another segment lie between: the patch takes a range that
            # holds them too, and gives their positions out of reach.
            rows = int(chosen[-1]) - first + 1
            spread = np.full(rows, -1, dtype=np.int64)
            spread[chosen - first] = positions
            return self._scattered(extent, first, spread)
        even = positions[-1] - positions[0] + 1 == rows and bool(
            np.all(positions[1:] > positions[:-1])
        )
        if not even:
            return self._scattered(extent, first, positions)
        columns = _numbered(values)
        start = int(positions[0])
        zones = pack(zones_of(columns, start))
        return Patch(self.new_id(), extent, first, rows, start, None, zones)

    def _scattered(self, extent: Extent, first: int, positions: Positions) -> Patch:
        values = extent.batch.slice(first, len(positions))
        order = np.argsort(positions, kind="stable")
        order = order[positions[order] >= 0]
        columns = _numbered(values.take(pa.array(order)))
        zones = pack(zones_of(columns, positions[order]))
        return Patch(
            self.new_id(), extent, first, len(positions), None, positions, zones
        )


@dataclass(frozen=True, eq=False)
class RemoveRows:
    """Delete rows."""

    table_id: int
    row_ids: RowIds

    def apply(self, root: Root) -> Root:
        """Return the root after this operation."""
        table = root.tables[self.table_id]
        segments = list(table.segments)
        for index, positions, _ in table.locate(self.row_ids):
            segments[index] = segments[index].without(positions)
        return root.with_table(table.with_segments(tuple(segments)))


Operation = (
    PutSchema
    | RemoveSchema
    | PutTable
    | RemoveTable
    | RenameTable
    | Redefine
    | Append
    | Change
    | RemoveRows
)


def _numbered(batch: pa.RecordBatch) -> dict[int, pa.Array]:
    return {int(n): batch.column(n) for n in batch.schema.names}
