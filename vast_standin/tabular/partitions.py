"""Partitions: virtual columns rows are partitioned by, and the table that lists them."""

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from vast_standin.engine.physical import physical
from vast_standin.engine.scan import Virtual
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Column, Definition, PartitionKey, Table
from vast_standin.tabular.transforms import TRANSFORMS

PARTITIONS_SUFFIX = "___VAST_PARTITIONS"
SPECIFICATION = b"VAST:partition_spec"
_FIRST = -100
_METADATA = (
    pa.field("est_row_count", pa.int64()),
    pa.field("est_byte_size", pa.int64()),
    pa.field("sorting_score", pa.int64()),
)


def virtual_columns(definition: Definition) -> dict[str, Column]:
    """Return the partition columns that are not columns of the table, by name."""
    result = {}
    for index, key in enumerate(definition.partition_keys):
        field = _field(definition, key)
        if key.transform != "identity":
            result[field.name] = Column(_FIRST - index, field)
    return result


def virtual_readers(table: Table) -> dict[int, Virtual]:
    """Return the functions that compute the virtual columns of a table."""
    return {
        _FIRST - index: _reader(table, key)
        for index, key in enumerate(table.definition.partition_keys)
    }


def specification(definition: Definition) -> Mapping[bytes, bytes]:
    """Describe the partition keys as metadata of a column listing."""
    if not definition.partition_keys:
        return {}
    keys = [
        {
            "column_name": _field(definition, key).name,
            "column_type": str(_field(definition, key).type),
            "source_column_name": definition.by_number[key.column].name,
            "transform": key.transform,
            "arg": key.argument,
        }
        for key in definition.partition_keys
    ]
    return {SPECIFICATION: json.dumps(keys).encode()}


def partition_count(table: Table) -> int:
    """Count the partitions that hold rows."""
    return partitions(table).num_rows if table.definition.partition_keys else 0


def partition_fields(definition: Definition) -> list[pa.Field]:
    """Return the columns of the table of partitions."""
    keys = [_field(definition, key) for key in definition.partition_keys]
    return [*keys, *_METADATA]


def partitions(table: Table) -> pa.Table:
    """List the partitions of a table: one row each, with key, rows and bytes."""
    definition = table.definition
    names = [_field(definition, key).name for key in definition.partition_keys]
    parts = [_segment_keys(table, segment) for segment in table.segments]
    keys = pa.concat_tables(
        [p for p in parts if p.num_rows]
        or [pa.schema(partition_fields(definition)[: len(names)]).empty_table()]
    )
    counted = keys.group_by(names, use_threads=False).aggregate([([], "count_all")])
    counts = counted["count_all"].to_numpy()
    per_row = table.nbytes / max(1, table.live)
    columns = [counted[name] for name in names]
    columns += [
        pa.array(counts.astype(np.int64)),
        pa.array((counts * per_row).astype(np.int64)),
        pa.array(np.zeros(len(counts), dtype=np.int64)),
    ]
    return pa.table(columns, schema=pa.schema(partition_fields(definition)))


def key_values(table: Table, segment: Segment) -> list[pa.Array]:
    """Compute the partition key of every position of a segment."""
    return [
        _reader(table, key)(segment, 0, segment.rows)
        for key in table.definition.partition_keys
    ]


def matching(table: Table, segment: Segment, partitions: pa.RecordBatch) -> pa.Array:
    """Mark the positions of a segment that are in one of the partitions."""
    columns = [physical(array) for array in key_values(table, segment)]
    mask = np.zeros(segment.rows, dtype=np.bool_)
    for row in range(partitions.num_rows):
        hit = np.ones(segment.rows, dtype=np.bool_)
        for values, column in zip(columns, partitions.columns, strict=True):
            hit &= _equals(values, physical(column)[row])
        mask |= hit
    return mask


def _equals(values: pa.Array, scalar: pa.Scalar) -> np.ndarray:
    if not scalar.is_valid:
        return np.asarray(values.is_null())
    return np.asarray(pa.compute.equal(values, scalar).fill_null(fill_value=False))


def _segment_keys(table: Table, segment: Segment) -> pa.Table:
    definition = table.definition
    fields = [_field(definition, key) for key in definition.partition_keys]
    keys = pa.table(key_values(table, segment), schema=pa.schema(fields))
    live = segment.live_mask(0, segment.rows)
    return keys if live is None else keys.filter(pa.array(live))


def _field(definition: Definition, key: PartitionKey) -> pa.Field:
    source = definition.by_number[key.column]
    transform = TRANSFORMS[key.transform]
    return pa.field(
        transform.column_name(source.name), transform.result(source.field.type)
    )


def _reader(table: Table, key: PartitionKey) -> Virtual:
    transform = TRANSFORMS[key.transform]
    kind = table.definition.by_number[key.column].field.type

    def read(segment: Segment, start: int, stop: int) -> pa.Array:
        return transform.apply(
            segment.read(key.column, kind, start, stop), key.argument
        )

    return read
