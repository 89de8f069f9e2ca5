"""Tables as of one moment: definition and segments, never changed, only replaced."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vast_standin.engine.positions import Positions, RowIds
from vast_standin.engine.segment import Segment
from vast_standin.engine.sorted_run import Origin, SortedRun

EXTERNAL_ROW_ID = "vastdb_rowid"
ATTACHED = 0


@dataclass(frozen=True)
class Column:
    """A column: its number is never used again, its name may change."""

    number: int
    field: pa.Field

    @property
    def name(self) -> str:
        """Name as users see it."""
        return str(self.field.name)

    @property
    def is_row_id(self) -> bool:
        """Return whether this is the user's view of the row id, which is not stored."""
        return self.name == EXTERNAL_ROW_ID


@dataclass(frozen=True)
class PartitionKey:
    """One part of a partition key: a transform of one column."""

    column: int
    transform: str
    argument: int | None


@dataclass(frozen=True)
class VectorIndex:
    """Parameters of a vector index."""

    column: int
    metric: str
    cluster_quantization: str
    search_quantization: str


@dataclass(frozen=True)
class Projection:
    """A semi-sorted copy of some columns: sorted ones first."""

    id: int
    name: str
    sorted: tuple[int, ...]
    unsorted: tuple[int, ...]

    @property
    def columns(self) -> tuple[int, ...]:
        """All its columns."""
        return self.sorted + self.unsorted


@dataclass(frozen=True)
class Expansion:
    """Rows of a text column parsed into another table."""

    source: int
    target: int
    format: str
    columns: bytes
    copy_source: bool
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Definition:
    """Definition of a table: columns, keys, indexes, projections and expansions."""

    columns: tuple[Column, ...]
    next_column: int
    sort_key: tuple[int, ...] = ()
    properties: str = ""
    partition_keys: tuple[PartitionKey, ...] = ()
    vector_index: VectorIndex | None = None
    projections: tuple[Projection, ...] = ()
    expansions: tuple[Expansion, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by name."""
        return {c.name: c for c in self.columns}

    @cached_property
    def by_number(self) -> dict[int, Column]:
        """Columns by number."""
        return {c.number: c for c in self.columns}

    @property
    def wide_row_ids(self) -> bool:
        """Return whether row ids travel as decimals of 38 digits."""
        return bool(self.sort_key or self.partition_keys or self.vector_index)

    @property
    def fixed(self) -> frozenset[int]:
        """Numbers of the columns whose values cannot be updated."""
        keys = {key.column for key in self.partition_keys} | set(self.sort_key)
        if self.vector_index is not None:
            keys.add(self.vector_index.column)
        return frozenset(keys)


@dataclass(frozen=True, eq=False)
class Table:
    """One table as of one moment."""

    id: int
    schema_id: int
    name: str
    definition: Definition
    segments: tuple[Segment, ...] = ()
    external: bool = False
    inserted: int = 0
    ddl: int = 0
    runs: tuple[SortedRun, ...] = ()

    @cached_property
    def outlines(self) -> dict[int, Any]:
        """Bounds of each segment by column, cached by searches of the table."""
        return {}

    @cached_property
    def views(self) -> dict[int, "Table"]:
        """The table as its projections show it, cached by their readers."""
        return {}

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Position in the table of each segment's first row, and of the end."""
        return np.concatenate(
            ([0], np.cumsum([s.rows for s in self.segments], dtype=np.int64))
        )

    @cached_property
    def live(self) -> int:
        """Number of live rows."""
        return sum(s.live for s in self.segments)

    @cached_property
    def nbytes(self) -> int:
        """Bytes on disk."""
        return sum(s.stored_nbytes for s in self.segments)

    @cached_property
    def by_id(self) -> dict[int, Segment]:
        """Segments by number."""
        return {segment.id: segment for segment in self.segments}

    def runs_of(self, projection: Projection) -> list[SortedRun]:
        """Return the runs of a projection."""
        return [run for run in self.runs if run.projection == projection.id]

    def is_current(self, origin: Origin) -> bool:
        """Return whether the rows of an origin are as its segment has them now."""
        segment = self.by_id.get(origin.segment)
        return segment is not None and len(segment.patches) == origin.patches

    def covered(self, projection: Projection) -> set[int]:
        """Return the segments whose rows are in runs of a projection as they are now."""
        return {
            origin.segment
            for run in self.runs_of(projection)
            for origin in run.origins
            if self.is_current(origin)
        }

    def with_segments(self, segments: tuple[Segment, ...]) -> "Table":
        """Replace the segments."""
        return replace(self, segments=segments)

    def locate(self, row_ids: RowIds) -> Iterator[tuple[int, Positions, Positions]]:
        """Find rows: yields segment index, positions in it, indices into `row_ids`.

        `wanted` rises strictly. Row ids that are not there are passed over.
        """
        if len(row_ids) == 0:
            return
        low, high = int(row_ids[0]), int(row_ids[-1])
        for index, segment in enumerate(self.segments):
            first, last = segment.base.id_range
            if last < low or first > high:
                continue
            begin, end = np.searchsorted(
                row_ids, np.array([first, last], dtype=np.uint64), side="left"
            )
            end = min(len(row_ids), int(end) + 1)
            positions, hit = segment.base.find(row_ids[begin:end])
            if len(positions):
                yield index, positions, np.flatnonzero(hit) + begin


def attached_name(owner: Table, kind: str) -> str:
    """Name a table that belongs to another; such tables are in no schema."""
    return f"{owner.id}/{kind}"
