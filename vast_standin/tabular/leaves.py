"""Leaves: nested columns sent one scalar at a time, each within its parents."""

import pyarrow as pa
import pyarrow.compute as pc


def node_count(kind: pa.DataType) -> int:
    """Count the nodes of a type as requests number them: itself and all below."""
    if pa.types.is_map(kind):
        return 2 + node_count(kind.key_type) + node_count(kind.item_type)
    return 1 + sum(node_count(kind.field(i).type) for i in range(kind.num_fields))


def leaf(array: pa.Array, path: tuple[int, ...]) -> pa.Array:
    """Prune a column to the parents of one leaf, one child per level.

    Maps become lists of structs, as they travel.
    """
    if not path or pa.types.is_fixed_size_list(array.type):
        return array
    if pa.types.is_struct(array.type):
        return _struct(array, path)
    if pa.types.is_map(array.type):
        return _map(array, path)
    inner = leaf(array.values, path[1:])
    return _list_of(array, inner)


def _struct(array: pa.StructArray, path: tuple[int, ...]) -> pa.Array:
    inner = leaf(array.field(path[0]), path[1:])
    return _wrapped(inner, pc.is_null(array) if array.null_count else None)


def _map(array: pa.MapArray, path: tuple[int, ...]) -> pa.Array:
    child = array.keys if path[1:2] == (0,) else array.items
    inner = leaf(child, path[2:])
    return _list_of(array, _wrapped(inner, None))


def _wrapped(inner: pa.Array, mask: pa.Array | None) -> pa.Array:
    return pa.StructArray.from_arrays(
        [inner], fields=[pa.field("f", inner.type)], mask=mask
    )


def _list_of(array: pa.Array, inner: pa.Array) -> pa.Array:
    return pa.Array.from_buffers(
        pa.list_(inner.type),
        len(array),
        array.buffers()[:2],
        null_count=array.null_count,
        offset=array.offset,
        children=[inner],
    )
