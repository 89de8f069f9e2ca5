"""Columns: list, add, drop, rename, sorted ones and those of the partitions table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from vast_standin.engine.table import Definition
from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call
from vast_standin.tabular.definitions import (
    with_columns,
    with_renamed,
    without_columns,
)
from vast_standin.tabular.listing import page
from vast_standin.tabular.partitions import specification
from vast_standin.tabular.wire import read_schema, schema_stream

Change = Callable[[Definition], Definition]
_LARGEST_LIST = 4 << 20
_ID = b"VAST:column_id"
_SORT_TYPE = b"VAST:sort_type"
_SORT_INDEX = b"VAST:sort_index"


@dataclass(frozen=True)
class Listed:
    """A column of a listing; described only if the page shows it."""

    id: int
    name: str
    definition: Definition
    number: int

    @property
    def field(self) -> pa.Field:
        """Describe the column."""
        return _described(self.definition, self.number)


def list_columns(call: Call) -> Response:
    """List the columns of a table; sorted ones are marked in their metadata."""
    definition = call.readable_table().definition
    return answer(call, listed(definition), specification(definition))


def list_sorted_columns(call: Call) -> Response:
    """List the columns of the sorting key, in its order; 400 if there is none."""
    definition = call.table().definition
    if not definition.sort_key:
        raise ProtocolError(
            400,
            "InvalidArgument",
            "Listing sorted columns of a table without elysium enabled",
        )
    columns = [
        Listed(i + 1, c.name, definition, c.number)
        for i, c in enumerate(definition.by_number[n] for n in definition.sort_key)
    ]
    return answer(call, columns)


def add_columns(call: Call) -> Response:
    """Add columns; old rows hold null there."""
    schema = read_schema(call.body())
    return redefine(call, lambda d: with_columns(d, schema))


def drop_columns(call: Call) -> Response:
    """Drop the columns whose fields the body names."""
    names = read_schema(call.body()).names
    return redefine(call, lambda d: without_columns(d, names))


def rename_column(call: Call) -> Response:
    """Rename a column."""
    old = call.parameters.get("tabular-column-name", "")
    new = call.parameters.get("tabular-new-column-name", "")
    if not old or not new:
        raise ProtocolError(400, "InvalidArgument", "old and new name are needed")
    return redefine(call, lambda d: with_renamed(d, old, new))


def listed(definition: Definition) -> list[Listed]:
    """Describe the columns of a table."""
    return [
        Listed(c.number + 1, c.name, definition, c.number) for c in definition.columns
    ]


def answer(
    call: Call, columns: Iterable[Listed], metadata: Mapping[bytes, bytes] | None = None
) -> Response:
    """Answer with a page of columns as an Arrow schema."""
    chosen = page(call, columns)
    if call.flag("tabular-only-column-names"):
        fields = [pa.field(c.name, pa.null()) for c in chosen.items]
    else:
        fields = [c.field for c in chosen.items]
    body = schema_stream(pa.schema(fields, metadata=metadata or None))
    if len(body) > _LARGEST_LIST and not call.flag("tabular-only-column-names"):
        raise ProtocolError(
            400,
            "InvalidArgument",
            f"list column result size {len(body)} is too long: "
            "ask for fewer columns at once",
        )
    return chosen.respond(body)


def _described(definition: Definition, number: int) -> pa.Field:
    metadata = {_ID: str(number)}
    if number in definition.sort_key:
        metadata[_SORT_TYPE] = "Sorted"
        metadata[_SORT_INDEX] = f"{definition.sort_key.index(number):04d}"
    return definition.by_number[number].field.with_metadata(metadata)


def redefine(call: Call, change: Change) -> Response:
    """Change the definition of the table a request names."""
    call.refuse_snapshot()
    path, name = call.table_place
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        transaction.redefine(table.id, change)
    return Response()
