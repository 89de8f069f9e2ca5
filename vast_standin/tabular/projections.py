"""Semi-sorted projections: create, list, rename, drop, columns, statistics."""

from dataclasses import replace

from vast_standin.engine.projections import (
    projection_named,
    share_in_step,
    share_to_sort,
    size_of,
)
from vast_standin.engine.table import Definition, Projection, Table
from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call
from vast_standin.tabular.columns import Listed, answer, redefine
from vast_standin.tabular.definitions import column_named
from vast_standin.tabular.flat import FlatTable, Scalar, Value, message
from vast_standin.tabular.listing import page

_SORTED = 1


def create_projection(call: Call) -> Response:
    """Create a projection; its rows are sorted in the background."""
    call.refuse_snapshot()
    columns = [
        (t.text(0), t.number(1, "b")) for t in FlatTable.root(call.body()).tables(0)
    ]
    name = _name(call)
    number = call.engine.new_id()

    return redefine(call, lambda d: with_projection(d, number, name, columns))


def list_projections(call: Call) -> Response:
    """List the projections of a table."""
    path, name = call.table_place
    table = call.table()
    chosen = page(call, table.definition.projections)
    body = message(
        {
            0: call.bucket,
            1: path,
            2: name,
            3: [_details(table, p) for p in chosen.items],
        }
    )
    return chosen.respond(body)


def alter_projection(call: Call) -> Response:
    """Rename a projection."""
    call.refuse_snapshot()
    old, new = _name(call), FlatTable.root(call.body()).text(0)

    return redefine(call, lambda d: with_renamed(d, old, new)) if new else Response()


def drop_projection(call: Call) -> Response:
    """Drop a projection."""
    call.refuse_snapshot()
    name = _name(call)

    return redefine(call, lambda d: without_projection(d, name))


def projection_columns(call: Call) -> Response:
    """List the columns of a projection."""
    definition = call.table().definition
    projection = projection_named(definition, _name(call))
    columns = [
        Listed(i + 1, definition.by_number[n].name, definition, n)
        for i, n in enumerate(projection.columns)
    ]
    return answer(call, columns)


def projection_stats(call: Call) -> Response:
    """Report rows and bytes of a projection, the share to sort and that in step."""
    table = call.table()
    projection = projection_named(table.definition, _name(call))
    body = message(
        {
            0: Scalar("Int64", table.live),
            1: Scalar("Int64", size_of(table, projection)),
            2: Scalar("Int64", share_to_sort(table, projection)),
            3: Scalar("Int64", share_in_step(table, projection)),
        }
    )
    return Response(body=body)


def with_projection(
    definition: Definition, number: int, name: str, columns: list[tuple[str, int]]
) -> Definition:
    """Add a projection of columns by name, each sorted (1) or not (0)."""
    if any(p.name == name for p in definition.projections):
        raise ProtocolError(
            409, "TabularProjectionAlreadyExists", f"projection {name} exists"
        )
    projection = _projection(definition, number, name, columns)
    return replace(definition, projections=(*definition.projections, projection))


def with_renamed(definition: Definition, old: str, new: str) -> Definition:
    """Rename a projection."""
    projection = projection_named(definition, old)
    if new in {p.name for p in definition.projections}:
        raise ProtocolError(
            409, "TabularProjectionAlreadyExists", f"projection {new} exists"
        )
    renamed = replace(projection, name=new)
    return replace(
        definition,
        projections=tuple(
            renamed if p is projection else p for p in definition.projections
        ),
    )


def without_projection(definition: Definition, name: str) -> Definition:
    """Drop a projection."""
    projection = projection_named(definition, name)
    remaining = tuple(p for p in definition.projections if p is not projection)
    return replace(definition, projections=remaining)


def _projection(
    definition: Definition, number: int, name: str, columns: list[tuple[str, int]]
) -> Projection:
    numbers = {n: column_named(definition, n).number for n, _ in columns}
    sorted_ = tuple(numbers[n] for n, kind in columns if kind == _SORTED)
    unsorted = tuple(numbers[n] for n, kind in columns if kind != _SORTED)
    if not sorted_ or len(set(sorted_ + unsorted)) != len(columns):
        raise ProtocolError(
            400,
            "InvalidArgument",
            "a projection needs a sorted column, and no column twice",
        )
    for column in sorted_:
        if definition.by_number[column].field.type.num_fields:
            raise ProtocolError(
                400, "InvalidArgument", "a nested column cannot be sorted by"
            )
    return Projection(number, name, sorted_, unsorted)


def _name(call: Call) -> str:
    name = call.parameters.get("name", "")
    if not name:
        raise ProtocolError(400, "InvalidArgument", "the projection has no name")
    return name


def _details(table: Table, projection: Projection) -> dict[int, Value]:
    return {
        0: projection.name,
        1: "",
        2: str(projection.id),
        3: Scalar("Uint64", table.live),
        4: Scalar("Uint64", size_of(table, projection)),
    }
