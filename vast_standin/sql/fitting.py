"""Conversion between DuckDB's values and the types of columns."""

from collections.abc import Callable

import pyarrow as pa

from vast_standin.engine.table import Column
from vast_standin.http import ProtocolError
from vast_standin.tabular.types import mismatch


def fitted(values: pa.Array, column: Column) -> pa.Array:
    """Cast values to a column's type; 400 if one does not fit."""
    kind = column.field.type
    if values.type == kind:
        return values
    try:
        if pa.types.is_fixed_size_list(kind):
            return _vectors(values, kind, column.name)
        return values.cast(kind)
    except pa.ArrowException as err:
        raise mismatch(f"column {column.name} of type {kind}: {err}") from err


def storable(schema: pa.Schema) -> pa.Schema:
    """Return the columns a table needs to store the rows of a query.

    What cannot be stored stays as it is, for the check of types to name it.
    """
    return pa.schema([field.with_type(_storable(field.type)) for field in schema])


def _vectors(values: pa.Array, kind: pa.DataType, name: str) -> pa.Array:
    if not pa.types.is_fixed_size_list(values.type):
        values = values.cast(pa.list_(kind.value_type, kind.list_size))
    inner = values.flatten()
    if inner.null_count:
        raise ProtocolError(
            400, "TabularMismatchColumnType", f"column {name}: a null inside a vector"
        )
    width = kind.list_size
    flat = inner.cast(kind.value_type)
    if values.null_count:
        nulls = pa.array([0] * width, kind.value_type)
        rows = [flat.slice(index * width, width) for index in range(len(flat) // width)]
        present = iter(rows)
        flat = pa.concat_arrays(
            [
                next(present) if valid else nulls
                for valid in values.is_valid().to_pylist()
            ]
        )
    return pa.FixedSizeListArray.from_arrays(flat, type=kind, mask=values.is_null())


def _storable(kind: pa.DataType) -> pa.DataType:
    for test, simpler in _SIMPLER:
        if test(kind):
            return simpler(kind)
    return kind


def _list(kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("item", _storable(kind.value_type)))


def _vector(kind: pa.DataType) -> pa.DataType:
    element = pa.field("item", _storable(kind.value_type), nullable=False)
    return pa.list_(element, kind.list_size)


def _struct(kind: pa.DataType) -> pa.DataType:
    return pa.struct([(field.name, _storable(field.type)) for field in kind])


_SIMPLER: tuple[
    tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], pa.DataType]], ...
] = (
    (pa.types.is_dictionary, lambda kind: _storable(kind.value_type)),
    (pa.types.is_large_string, lambda _: pa.string()),
    (pa.types.is_string_view, lambda _: pa.string()),
    (pa.types.is_large_binary, lambda _: pa.binary()),
    (pa.types.is_binary_view, lambda _: pa.binary()),
    (pa.types.is_null, lambda _: pa.int32()),
    (
        lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None,
        lambda kind: pa.timestamp(kind.unit, "UTC"),
    ),
    (pa.types.is_fixed_size_list, _vector),
    (pa.types.is_list, _list),
    (pa.types.is_large_list, _list),
    (
        pa.types.is_map,
        lambda kind: pa.map_(_storable(kind.key_type), _storable(kind.item_type)),
    ),
    (pa.types.is_struct, _struct),
)
