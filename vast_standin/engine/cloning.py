"""Clones: a bucket's state given to another bucket, sharing the files it is in."""

from dataclasses import replace

from vast_standin.engine.numbers import Numbers
from vast_standin.engine.operations import PutTable
from vast_standin.engine.root import Root
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import ATTACHED, Definition, Table
from vast_standin.engine.transaction import Transaction


def clone_into(transaction: Transaction, state: Root, bucket: str) -> None:
    """Give an empty bucket the schemas and tables of a state that holds one bucket.

    Rows keep their ids; projections are sorted again in the background.
    """
    paths = {s.id: s.path for s in state.schemas.values()}
    for schema in sorted(state.schemas.values(), key=lambda s: s.path):
        transaction.create_schema(bucket, schema.path, schema.properties)
    twins: dict[int, Table] = {}
    for table in state.tables.values():
        if table.schema_id != ATTACHED:
            schema = transaction.schema(bucket, paths[table.schema_id])
            twins[table.id] = transaction.create_table(
                schema, table.name, table.definition
            )
    for table in state.tables_in(ATTACHED):
        owner, _, kind = table.name.partition("/")
        twins[table.id] = transaction.attach(twins[int(owner)], kind, table.definition)
    for number, twin in twins.items():
        _fill(transaction, state.tables[number], twin, twins)


def _fill(
    transaction: Transaction, table: Table, twin: Table, twins: dict[int, Table]
) -> None:
    numbers = transaction.shared.numbers
    numbers.new_row_ids(
        twin.id, 1 + max((s.base.id_range[1] for s in table.segments), default=-1)
    )
    filled = replace(
        twin,
        definition=_among(table.definition, twins),
        segments=tuple(_twin(numbers, segment) for segment in table.segments),
        external=table.external,
        inserted=table.inserted,
    )
    transaction.apply(PutTable(filled))


def _twin(numbers: Numbers, segment: Segment) -> Segment:
    """Return a segment of the same extents under numbers of its own."""
    patches = tuple(replace(p, id=numbers.new_id()) for p in segment.patches)
    base = replace(segment.base, id=numbers.new_id())
    return Segment(base, patches, segment.deleted)


def _among(definition: Definition, twins: dict[int, Table]) -> Definition:
    """Return a definition whose expansions go to the twins of their targets."""
    expansions = tuple(
        replace(e, target=twins[e.target].id)
        for e in definition.expansions
        if e.target in twins
    )
    return replace(definition, expansions=expansions)
