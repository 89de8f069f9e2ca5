"""Blob expansion: JSON in a text column parsed into rows of another table.

It happens at commit, to the rows the transaction inserted, in that transaction. A value
that does not fit its column becomes null; a blob that is not a JSON object gives a row of
nulls. The stand-in chooses the names of the two extra columns.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from vast_standin.engine.operations import Append, Operation
from vast_standin.engine.positions import RowIds
from vast_standin.engine.root import Root
from vast_standin.engine.table import Definition, Expansion, Table

MISSING_COLUMN = "missing_values"
EXCESSIVE_COLUMN = "excessive_values"


class Insert(Protocol):
    """Adds rows to a table; columns are given by number."""

    def __call__(
        self, table: Table, columns: dict[int, pa.Array], *, rows: int
    ) -> RowIds:
        """Insert rows and return their ids."""


def expand_new_rows(
    root: Root, operations: Iterable[Operation], insert: Insert
) -> None:
    """Expand the blobs of all rows that a transaction's operations inserted."""
    inserted: dict[int, list[RowIds]] = {}
    for operation in operations:
        if isinstance(operation, Append) and _expansions(root, operation.table_id):
            ids = operation.segment.base.row_ids
            inserted.setdefault(operation.table_id, []).append(ids)
    for table_id, parts in inserted.items():
        row_ids = np.sort(np.concatenate(parts))
        for expansion in _expansions(root, table_id):
            target = root.tables.get(expansion.target)
            if target is not None:
                blobs = _values(root.tables[table_id], expansion.source, row_ids)
                _expand(insert, expansion, root.tables[table_id], target, blobs)


def _expansions(root: Root, table_id: int) -> tuple[Expansion, ...]:
    table = root.tables.get(table_id)
    return () if table is None else table.definition.expansions


def _values(table: Table, number: int, row_ids: RowIds) -> list[Any]:
    kind = table.definition.by_number[number].field.type
    values: list[Any] = []
    for index, positions, _ in table.locate(row_ids):
        segment = table.segments[index]
        live = segment.live_mask(0, segment.rows)
        live_positions = positions if live is None else positions[live[positions]]
        array = segment.read(number, kind, 0, segment.rows)
        values += array.take(pa.array(live_positions)).to_pylist()
    return values


def _expand(
    insert: Insert,
    expansion: Expansion,
    source: Table,
    target: Table,
    blobs: list[Any],
) -> None:
    parsed = [_parsed(blob) for blob in blobs]
    fields = pa.ipc.read_schema(pa.py_buffer(expansion.columns))
    columns: dict[str, list[Any]] = {}
    for field in fields:
        path = _path(field.name, expansion.options)
        columns[field.name] = [_convert(_at(p, path), field.type) for p in parsed]
    expected = {_path(f.name, expansion.options)[0] for f in fields}
    if expansion.copy_source:
        columns[source.definition.by_number[expansion.source].name] = blobs
    if expansion.options.get("missing"):
        columns[MISSING_COLUMN] = [
            json.dumps(sorted(expected - p.keys())) for p in parsed
        ]
    if expansion.options.get("excessive"):
        columns[EXCESSIVE_COLUMN] = [
            json.dumps({k: v for k, v in p.items() if k not in expected})
            for p in parsed
        ]
    arrays = dict(_arrays(target.definition, columns))
    insert(target, arrays, rows=len(blobs))


def _arrays(
    definition: Definition, columns: Mapping[str, list[Any]]
) -> Iterator[tuple[int, pa.Array]]:
    for name, values in columns.items():
        column = definition.by_name.get(name)
        if column is not None:
            kind = column.field.type
            yield column.number, pa.array([_convert(v, kind) for v in values], kind)


def _parsed(blob: Any) -> dict[str, Any]:
    if blob is None:
        return {}
    try:
        value = json.loads(blob)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _path(name: str, options: Mapping[str, Any]) -> list[str]:
    delimiter = options.get("delimiter")
    return name.split(delimiter) if options.get("flatten") and delimiter else [name]


def _at(value: Any, path: list[str]) -> Any:
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _convert(value: Any, kind: pa.DataType) -> Any:
    """Return a JSON value as a column's type holds it, or None."""
    if pa.types.is_struct(kind):
        fits = isinstance(value, dict)
        return (
            {f.name: _convert(value.get(f.name), f.type) for f in kind}
            if fits
            else None
        )
    if pa.types.is_list(kind):
        fits = isinstance(value, list)
        return [_convert(item, kind.value_type) for item in value] if fits else None
    if pa.types.is_string(kind) and not isinstance(value, str):
        return None if value is None else json.dumps(value)
    return _scalar(value, kind)


def _scalar(value: Any, kind: pa.DataType) -> Any:
    if isinstance(value, bool) != pa.types.is_boolean(kind):
        return None
    try:
        return pa.scalar(value, type=kind).as_py()
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
