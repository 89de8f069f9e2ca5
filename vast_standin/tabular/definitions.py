"""Table definitions from requests: columns, keys and indexes, checked."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from vast_standin.digits import whole
from vast_standin.engine.table import (
    Column,
    Definition,
    PartitionKey,
    VectorIndex,
)
from vast_standin.http import ProtocolError
from vast_standin.tabular.call import Call
from vast_standin.tabular.transforms import TRANSFORMS
from vast_standin.tabular.types import check_types

_PARTITION_KEY = b"VAST:table:partition-key-"
_QUANTIZATIONS = ("scalar_8bit", "none")
_DEFAULT_QUANTIZATION = "scalar_8bit"
METRIC_FUNCTIONS = {"l2sq": "array_distance", "ip": "array_inner_product"}


def new_definition(call: Call, schema: pa.Schema, *, properties: str) -> Definition:
    """Return the definition of a table to be created."""
    columns = number_columns(schema, 0)
    definition = Definition(columns, len(columns), properties=properties)
    return replace(
        definition,
        sort_key=_sort_key(call, columns),
        partition_keys=_partition_keys(schema, columns),
        vector_index=_vector_index(call, definition),
    )


def with_sort_key(call: Call, definition: Definition) -> Definition:
    """Add a sorting key; 400 if there is one."""
    if definition.sort_key:
        raise _bad("the table has a sorting key already")
    return replace(definition, sort_key=_sort_key(call, definition.columns))


def with_columns(definition: Definition, schema: pa.Schema) -> Definition:
    """Add columns."""
    new = number_columns(schema, definition.next_column)
    names = set(definition.by_name)
    for column in new:
        if column.name in names:
            raise ProtocolError(
                409, "TabularColumnAlreadyExists", f"column {column.name} exists"
            )
    return replace(
        definition,
        columns=definition.columns + new,
        next_column=definition.next_column + len(new),
    )


def without_columns(definition: Definition, names: Sequence[str]) -> Definition:
    """Drop columns; keys must stay whole."""
    gone = {column_named(definition, name).number for name in names}
    if gone & definition.fixed:
        raise _bad("a column of a sorting, partition or vector key cannot be dropped")
    if any(gone & set(p.columns) for p in definition.projections):
        raise _bad("a column of a projection cannot be dropped: drop that first")
    columns = tuple(c for c in definition.columns if c.number not in gone)
    expansions = tuple(e for e in definition.expansions if e.source not in gone)
    return replace(definition, columns=columns, expansions=expansions)


def with_renamed(definition: Definition, old: str, new: str) -> Definition:
    """Rename a column."""
    column = column_named(definition, old)
    if new in definition.by_name:
        raise ProtocolError(409, "TabularColumnAlreadyExists", f"column {new} exists")
    renamed = Column(column.number, column.field.with_name(new))
    return replace(
        definition,
        columns=tuple(renamed if c is column else c for c in definition.columns),
    )


def column_named(definition: Definition, name: str) -> Column:
    """Find a column; 404 if there is none."""
    column = definition.by_name.get(name)
    if column is None:
        raise ProtocolError(404, "NoSuchColumn", f"there is no column {name}")
    return column


def number_columns(schema: pa.Schema, first: int) -> tuple[Column, ...]:
    """Assign numbers to fields."""
    check_types(schema)
    if len(set(schema.names)) != len(schema.names):
        raise _bad("two columns have the same name")
    fields = (f.remove_metadata().with_nullable(True) for f in schema)
    return tuple(Column(first + i, field) for i, field in enumerate(fields))


def _sort_key(call: Call, columns: tuple[Column, ...]) -> tuple[int, ...]:
    key: list[int] = []
    while (text := call.header(f"tabular-sorted-column-{len(key)}")) != "":
        number = whole(text)
        if number is None or number >= len(columns):
            raise _bad(f"sorting key: there is no column number {text}")
        column = columns[number]
        if column.field.type.num_fields or column.number in key:
            raise _bad(f"column {column.name} cannot be part of a sorting key")
        key.append(column.number)
    return tuple(key)


def _partition_keys(
    schema: pa.Schema, columns: tuple[Column, ...]
) -> tuple[PartitionKey, ...]:
    keys: list[PartitionKey] = []
    metadata = schema.metadata or {}
    while (raw := metadata.get(_PARTITION_KEY + str(len(keys)).encode())) is not None:
        keys.append(_partition_key(raw, columns))
    return tuple(keys)


def _partition_key(raw: bytes, columns: tuple[Column, ...]) -> PartitionKey:
    try:
        given = json.loads(raw)
        column = columns[int(given["column-index"])]
        name, argument = given["transform"], given.get("transform-arg")
    except (ValueError, KeyError, TypeError, IndexError) as err:
        raise _bad(f"partition key {raw!r} cannot be read: {err}") from err
    transform = TRANSFORMS.get(name)
    if transform is None:
        raise _bad(f"there is no partition transform {name!r}")
    transform.check(column.field.type, argument)
    return PartitionKey(column.number, name, argument)


def _vector_index(call: Call, definition: Definition) -> VectorIndex | None:
    name = call.header("tabular-vector-index-column")
    if not name:
        return None
    column = definition.by_name.get(name)
    if column is None or not pa.types.is_fixed_size_list(column.field.type):
        raise _bad(f"invalid vector indexed column name {name}")
    metric = call.header("tabular-vector-index-distance-metric")
    if metric not in METRIC_FUNCTIONS:
        raise _bad(
            f"invalid vector index distance metric {metric}, "
            "supported metrics: 'l2sq', 'ip'"
        )
    cluster = _quantization(call, "cluster")
    search = _quantization(call, "search")
    if (cluster, search) == ("scalar_8bit", "none"):
        raise _bad("cluster quantization scalar_8bit does not go with search none")
    return VectorIndex(column.number, metric, cluster, search)


def _quantization(call: Call, which: str) -> str:
    value = call.header(
        f"tabular-vector-index-{which}-quantization", _DEFAULT_QUANTIZATION
    )
    if value not in _QUANTIZATIONS:
        raise _bad(f"invalid vector index {which} quantization {value}")
    return value


def _bad(message: str) -> ProtocolError:
    return ProtocolError(400, "InvalidArgument", message)
