"""A table as an Arrow dataset that opens only the row groups a filter leaves possible.

Engines that read Arrow datasets (DuckDB does) hand their filter to `scanner`. Arrow
itself rules out row groups from their zones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

from vast_standin.engine.positions import Span
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Table
from vast_standin.engine.zones import GROUP, ColumnZones
from vast_standin.http import ProtocolError

_FEW_GROUPS = 4
Make = Callable[[Segment, int, int], Iterator[pa.RecordBatch]]


class Pruned(ds.InMemoryDataset):  # type: ignore[misc]  # pyarrow has no types
    """A table's rows as batches that `make` reads from spans of segments."""

    def __init__(self, table: Table, schema: pa.Schema, make: Make) -> None:
        super().__init__(schema.empty_table())
        self._table = table
        self._make = make
        self.rows_opened = 0
        self.fault: ProtocolError | None = None
        """Why the rows could not be read: the engine passes its text on, not its kind."""

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002  named by pyarrow
        **options: Any,
    ) -> ds.Scanner:
        """Scan the row groups in which a row may fulfil the filter."""
        spans = possible_spans(self._table, self.schema, filter)
        self.rows_opened += sum(stop - start for _, start, stop in spans)
        return ds.Scanner.from_batches(
            self._batches(spans),
            schema=self.schema,
            columns=columns,
            filter=filter,
            **options,
        )

    def _batches(
        self, spans: list[tuple[Segment, int, int]]
    ) -> Iterator[pa.RecordBatch]:
        try:
            for segment, start, stop in spans:
                yield from self._make(segment, start, stop)
        except ProtocolError as error:
            self.fault = error
            raise


def possible_spans(
    table: Table, schema: pa.Schema, condition: pc.Expression | None
) -> list[tuple[Segment, int, int]]:
    """List the spans of segments that may hold rows for which a condition holds."""
    groups = sum(-(-segment.rows // GROUP) for segment in table.segments)
    if condition is None or groups <= _FEW_GROUPS:
        return [(s, 0, s.rows) for s in table.segments if s.live]
    text = str(condition)
    named = {
        column.number: column.field
        for column in table.definition.columns
        if column.name in text and not column.is_row_id
    }
    possible = _possible(table.segments, schema, named, condition)
    return [
        (segment, start, stop)
        for index, segment in enumerate(table.segments)
        for start, stop in _runs(possible.get(index, []), segment.rows)
    ]


def _possible(
    segments: Sequence[Segment],
    schema: pa.Schema,
    named: Mapping[int, pa.Field],
    condition: pc.Expression,
) -> dict[int, list[int]]:
    """Name the groups of each segment that Arrow cannot rule out."""
    form, nowhere = ds.IpcFileFormat(), LocalFileSystem()
    fragments = [
        form.make_fragment(
            f"{index}/{group}", nowhere, partition_expression=description
        )
        for index, segment in enumerate(segments)
        if segment.live
        for group, description in enumerate(_descriptions(segment, named))
    ]
    dataset = ds.FileSystemDataset(fragments, schema, form, nowhere)
    result: dict[int, list[int]] = {}
    for fragment in dataset.get_fragments(filter=condition):
        index, _, group = fragment.path.partition("/")
        result.setdefault(int(index), []).append(int(group))
    return result


def _descriptions(
    segment: Segment, named: Mapping[int, pa.Field]
) -> list[pc.Expression | None]:
    """Return for each group an expression that holds for all its rows."""
    result: list[pc.Expression | None] = [None] * -(-segment.rows // GROUP)
    for number, field in named.items():
        zones = segment.base.zones.get(number)
        if zones is None or any(number in patch.numbers for patch in segment.patches):
            continue
        for group, description in enumerate(_bounds(zones, field)):
            if description is not None:
                before = result[group]
                result[group] = description if before is None else before & description
    return result


def _bounds(zones: ColumnZones, field: pa.Field) -> list[pc.Expression | None]:
    lows, highs = _as_shown(zones.lows, field), _as_shown(zones.highs, field)
    if lows is None or highs is None:
        return [None] * len(zones.rows)
    name = pc.field(field.name)
    result: list[pc.Expression | None] = []
    for low, high, nulls, rows in zip(
        lows, highs, zones.nulls, zones.rows, strict=True
    ):
        bounds = name.is_null() if nulls == rows else None
        if low.is_valid and high.is_valid:
            bounds = (name >= low) & (name <= high)
            bounds = bounds | name.is_null() if nulls else bounds
        result.append(bounds)
    return result


def _as_shown(values: pa.Array, field: pa.Field) -> pa.Array | None:
    """Return bounds in the column's own type; None if that is impossible."""
    kind = field.type
    if values.type == kind or pa.types.is_float16(kind):
        return values
    try:
        return (
            values.view(kind)
            if pa.types.is_integer(values.type)
            else (values.cast(kind))
        )
    except pa.ArrowInvalid:
        # A cut text may end within a character.
        return None


def _runs(groups: Sequence[int], rows: int) -> Iterator[Span]:
    """Join groups that follow each other."""
    numbers = np.asarray(groups, dtype=np.int64)
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        if len(run):
            yield int(run[0]) * GROUP, min((int(run[-1]) + 1) * GROUP, rows)
