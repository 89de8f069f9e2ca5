"""From request to scan: names become columns, literals their physical values.

Plans of the same request on the same version of a table are kept for a while: each
select asks once per split and page.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import pyarrow as pa

from vast_standin.engine.engine import Engine
from vast_standin.engine.physical import physical_type
from vast_standin.engine.predicate import (
    ALWAYS,
    Either,
    Every,
    Expression,
    Target,
    Term,
    columns_of,
    one_of,
    possible_values,
)
from vast_standin.engine.projections import projection_named
from vast_standin.engine.root import Root
from vast_standin.engine.scan import ROW_ID_COLUMN, Scan, Virtual, smallest_scan
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Column, Projection, Table
from vast_standin.engine.views import projected
from vast_standin.http import ProtocolError
from vast_standin.tabular.call import Call
from vast_standin.tabular.leaves import leaf, node_count
from vast_standin.tabular.partitions import (
    PARTITIONS_SUFFIX,
    virtual_columns,
    virtual_readers,
)
from vast_standin.tabular.relation import (
    Node,
    RawCondition,
    RawOneOf,
    RawTerm,
    Relation,
    parse_relation,
)
from vast_standin.tabular.row_ids import NAME, WIDE
from vast_standin.tabular.types import mismatch

_DECIMAL = 7
_MOST_PLANS = 64
_ROW_ID = Column(ROW_ID_COLUMN, pa.field(NAME, pa.uint64()))
_UNKNOWN = Column(-2, pa.field("unknown", pa.null()))


@dataclass(frozen=True, eq=False)
class Plan:
    """A scan, and the leaves to send: column number and path of each.

    `projection` is the name of the one that is read; empty if it is the table.
    """

    table: Table
    scan: Scan
    leaves: tuple[tuple[int, tuple[int, ...]], ...]
    schema: pa.Schema
    wide: bool
    projection: str


def plan(call: Call) -> Plan:
    """Return the plan of a request."""
    body = call.body(16 << 20)
    table = call.readable_table()
    name = call.parameters.get("name", "")
    automatic = call.flag("tabular-enable-sorted-projections")
    digest = hashlib.blake2b(body, digest_size=16).digest()
    key = (digest, name, automatic, id(table))
    plans = _plans_of(call.engine)
    cached = plans.find(key, table)
    if cached is not None:
        return cached
    bound = _bind(table, parse_relation(body), name, automatic=automatic)
    plans.keep(key, bound)
    return bound


_Key = tuple[bytes, str, bool, int]


class _Plans:
    """Plans of an engine's tables; each belongs to one version of a table.

    Files of dropped data go away when nothing refers to them: plans must not.
    """

    def __init__(self) -> None:
        self._plans: OrderedDict[_Key, Plan] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: _Key, table: Table) -> Plan | None:
        with self._lock:
            cached = self._plans.get(key)
            if cached is None or cached.table is not table:
                return None
            self._plans.move_to_end(key)
            return cached

    def keep(self, key: _Key, plan: Plan) -> None:
        with self._lock:
            self._plans[key] = plan
            while len(self._plans) > _MOST_PLANS:
                self._plans.popitem(last=False)

    def follow(self, _old: Root, new: Root) -> None:
        """Drop plans of tables that a commit replaced."""
        with self._lock:
            for key, plan in list(self._plans.items()):
                if new.tables.get(plan.table.id) is not plan.table:
                    del self._plans[key]


_PLANS: "WeakKeyDictionary[Engine, _Plans]" = WeakKeyDictionary()
_LOCK = threading.Lock()


def _plans_of(engine: Engine) -> _Plans:
    with _LOCK:
        plans = _PLANS.get(engine)
        if plans is None:
            plans = _PLANS[engine] = _Plans()
            engine.on_commit.append(plans.follow)
        return plans


def _bind(table: Table, relation: Relation, name: str, *, automatic: bool) -> Plan:
    columns = [_column(table, shape.name) for shape in relation.fields]
    for column, shape in zip(columns, relation.fields, strict=True):
        plain = column is not _ROW_ID and column is not _UNKNOWN
        if plain and node_count(column.field.type) != shape.size:
            raise mismatch(
                f"column {column.name} is of type {column.field.type}, "
                "the request thinks otherwise: read the columns again"
            )
    condition = _condition(relation.condition, columns, relation.nodes)
    leaves = tuple(
        (columns[node.field].number, node.path)
        for node in (relation.nodes[n] for n in relation.projection)
    )
    if any(number == _UNKNOWN.number for number, _ in leaves):
        raise ProtocolError(400, "InvalidArgument", "there is no such column to read")
    wide = any(s.name == NAME and s.code == _DECIMAL for s in relation.fields)
    kinds = {c.number: c.field.type for c in columns}
    if wide:
        kinds[ROW_ID_COLUMN] = WIDE
    schema = pa.schema(
        [
            pa.field(str(i), leaf(pa.nulls(0, kinds[number]), path).type)
            for i, (number, path) in enumerate(leaves)
        ]
    )
    virtual: dict[int, Virtual] = virtual_readers(table)
    virtual |= {
        c.number: _row_ids_as_integers for c in table.definition.columns if c.is_row_id
    }
    read = {n for n, _ in leaves}
    chosen = _projections(table, condition, read, name, automatic)
    views = {p.name: projected(table, p) for p in chosen}
    if not name:
        views[""] = table
    best, smallest = smallest_scan(views, condition, virtual)
    return Plan(table, smallest, leaves, schema, wide, best)


def _projections(
    table: Table,
    condition: Expression,
    read: set[int],
    name: str,
    automatic: bool,  # noqa: FBT001
) -> list[Projection]:
    """Return the requested projection, or all that are sorted by a filtered column."""
    definition = table.definition
    needed = (read | columns_of(condition)) - {ROW_ID_COLUMN}
    if name:
        projection = projection_named(definition, name)
        if not needed <= set(projection.columns):
            raise ProtocolError(
                400,
                "InvalidArgument",
                f"projection {name} does not have all columns asked for",
            )
        return [projection]
    narrowed = possible_values(condition) if automatic else {}
    return [
        projection
        for projection in definition.projections
        if projection.sorted[0] in narrowed and needed <= set(projection.columns)
    ]


def _row_ids_as_integers(segment: Segment, start: int, stop: int) -> pa.Array:
    return pa.array(segment.base.row_ids[start:stop].astype("int64"))


def _column(table: Table, name: str) -> Column:
    column = table.definition.by_name.get(name)
    if column is not None:
        return column
    if name == NAME:
        return _ROW_ID
    column = virtual_columns(table.definition).get(name)
    if column is None and table.name.endswith(PARTITIONS_SUFFIX):
        return _UNKNOWN
    if column is None:
        raise ProtocolError(
            400, "InvalidArgument", f"table {table.name} has no column {name!r}"
        )
    return column


def _condition(
    raw: RawCondition, columns: list[Column], nodes: tuple[Node, ...]
) -> Expression:
    if isinstance(raw, RawTerm | RawOneOf):
        column = columns[nodes[raw.node].field]
        if column is _UNKNOWN:
            # Conditions on source columns may only narrow the list of partitions;
            # the SDK asks each partition for its rows with the condition anyway.
            return ALWAYS
        node = nodes[raw.node]
        if isinstance(raw, RawOneOf):
            return _one_of(raw, column, node)
        return _term(raw, column, node)
    parts = tuple(_condition(part, columns, nodes) for part in raw.parts)
    if raw.every and not parts:
        return ALWAYS
    if len(parts) == 1:
        return parts[0]
    return Every(parts) if raw.every else Either(parts)


def _term(raw: RawTerm, column: Column, node: Node) -> Term:
    target, kind = _target(column, node)
    if raw.operator in ("is_null", "is_valid"):
        return Term(target, raw.operator)
    return Term(target, raw.operator, _literal(raw.literal, kind, column.name))


def _one_of(raw: RawOneOf, column: Column, node: Node) -> Expression:
    target, kind = _target(column, node)
    if pa.types.is_fixed_size_list(kind):
        raise mismatch(f"column {column.name} of type {kind} is compared with scalars")
    try:
        return one_of(target, pa.array(raw.literals, type=physical_type(kind)))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as err:
        raise mismatch(
            f"column {column.name} of type {kind} is compared with "
            f"{raw.literals[0]!r} and others"
        ) from err


def _target(column: Column, node: Node) -> tuple[Target, pa.DataType]:
    kind = column.field.type
    steps = []
    for step in node.path:
        if pa.types.is_fixed_size_list(kind):
            break
        if not pa.types.is_struct(kind):
            raise ProtocolError(
                400, "InvalidArgument", f"no condition can be on parts of {column.name}"
            )
        steps.append(step)
        kind = kind.field(step).type
    return Target(column.number, tuple(steps)), kind


def _literal(value: Any, kind: pa.DataType, name: str) -> Any:
    if isinstance(value, tuple):
        if not pa.types.is_fixed_size_list(kind):
            raise mismatch(f"column {name} of type {kind} is compared with a list")
        return tuple(_literal(item, kind.value_type, name) for item in value)
    target = physical_type(kind)
    try:
        return pa.scalar(value, type=target).as_py()
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as err:
        raise mismatch(
            f"column {name} of type {kind} is compared with {value!r}"
        ) from err
