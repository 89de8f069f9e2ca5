"""A QueryData request: columns and condition, from an Arrow compute-IR.

The message is the `Relation` of Arrow 7's experimental compute IR, of which a Source
with a filter and a projection is understood. Fields are numbered depth first, parents
included; projections name leaves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

import numpy as np

from vast_standin.engine.predicate import OPERATORS
from vast_standin.tabular.flat import FlatTable, broken
from vast_standin.tabular.flat_tables import FlatTables

_SOURCE = 9
_CALL, _FIELD_REF, _LITERAL = 3, 2, 1
_FIELD_INDEX = 5
_DEEPEST = 32
_MOST_NODES = 2_000_000
_EXACT = Context(prec=60)
_MANY = 64
_TEXTS = (22, 23)
_NUMBERS = {
    **dict(
        zip(range(2, 10), ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"), strict=True)
    ),
    **dict.fromkeys((10, 11, 12), "i8"),
    17: "f4",
    18: "f8",
}


@dataclass(frozen=True)
class Shape:
    """A field of the request: name, Arrow type code and children."""

    name: str
    code: int
    children: tuple["Shape", ...]

    @property
    def size(self) -> int:
        """Count this field and all below it."""
        return 1 + sum(child.size for child in self.children)


@dataclass(frozen=True)
class Node:
    """A numbered field of the request and the path to it."""

    field: int
    path: tuple[int, ...]
    is_leaf: bool


@dataclass(frozen=True)
class RawTerm:
    """A comparison of a numbered node; the literal as received."""

    node: int
    operator: str
    literal: Any = None


@dataclass(frozen=True)
class RawJoin:
    """Conditions joined by `and` or `or`."""

    every: bool
    parts: tuple["RawCondition", ...]


@dataclass(frozen=True)
class RawOneOf:
    """A numbered node that equals one of many literals."""

    node: int
    literals: Sequence[Any]


RawCondition = RawTerm | RawJoin | RawOneOf


@dataclass(frozen=True)
class Relation:
    """A parsed request."""

    fields: tuple[Shape, ...]
    nodes: tuple[Node, ...]
    projection: tuple[int, ...]
    condition: RawCondition


def parse_relation(data: bytes) -> Relation:
    """Read a request body; raises ProtocolError 400 if it is broken."""
    relation = FlatTable.root(data)
    if relation.number(0, "B") != _SOURCE:
        raise broken("the relation is not a source")
    source = relation.required(1, "source")
    budget = _Budget()
    fields = tuple(_shape(f, budget, 0) for f in source.required(3, "schema").tables(1))
    nodes: list[Node] = []
    for index, field in enumerate(fields):
        _number(field, index, (), nodes)
    projection = tuple(t.number(0, "I") for t in source.tables(4))
    if any(n >= len(nodes) or not nodes[n].is_leaf for n in projection):
        raise broken("the projection names a field that is not a leaf")
    filter_ = source.table(2)
    condition: RawCondition = RawJoin(every=True, parts=())
    if filter_ is not None:
        condition = _condition(filter_, budget, len(nodes), 0)
    return Relation(fields, tuple(nodes), projection, condition)


class _Budget:
    """Counts what was parsed: messages may point to the same part many times."""

    def __init__(self) -> None:
        self.remaining = _MOST_NODES
        self.fields: dict[int, int] = {}

    def spend(self, depth: int, parts: int = 1) -> None:
        self.remaining -= parts
        if self.remaining < 0 or depth > _DEEPEST:
            raise broken("it is nested or repeated too much")


def _shape(field: FlatTable, budget: _Budget, depth: int) -> Shape:
    budget.spend(depth)
    children = tuple(_shape(c, budget, depth + 1) for c in field.tables(5))
    return Shape(field.text(0), field.number(2, "B"), children)


def _number(shape: Shape, field: int, path: tuple[int, ...], nodes: list[Node]) -> None:
    nodes.append(Node(field, path, is_leaf=not shape.children))
    for index, child in enumerate(shape.children):
        _number(child, field, (*path, index), nodes)


def _condition(
    expression: FlatTable, budget: _Budget, nodes: int, depth: int
) -> RawCondition:
    budget.spend(depth)
    if expression.number(0, "B") != _CALL:
        raise broken("a condition is not a call")
    call = expression.required(1, "call")
    name = call.text(0)
    membership = _one_of(call, budget, nodes) if name == "or" else None
    if membership is not None:
        return membership
    if name in ("and", "or"):
        parts = tuple(_condition(a, budget, nodes, depth + 1) for a in call.tables(1))
        return RawJoin(every=name == "and", parts=parts)
    if name not in OPERATORS:
        raise broken(f"there is no function {name!r}")
    return _term(name, list(call.tables(1)), budget, nodes)


def _one_of(call: FlatTable, budget: _Budget, nodes: int) -> RawOneOf | None:
    """Read many equalities of one node at once; None if they are anything else."""
    count = call.length(1)
    if count < _MANY:
        return None
    budget.spend(0, count)
    parts = FlatTables.of_vector(call.data, call.vector(1))
    calls = _all_of(parts, _CALL)
    pairs = (
        None
        if calls is None or set(calls.texts(0) or ()) != {b"equal"}
        else (calls.pairs(1))
    )
    if pairs is None:
        return None
    node = _one_node(pairs[0])
    literals = _all_of(pairs[1], _LITERAL)
    if node is None or not 0 <= node < nodes or literals is None:
        return None
    values = _plain_literals(literals)
    return None if values is None else RawOneOf(node, values)


def _all_of(expressions: FlatTables, kind: int) -> FlatTables | None:
    """Open expressions that must all be of one kind."""
    if bool(np.any(expressions.numbers(0, "u1") != kind)):
        return None
    return expressions.tables(1)


def _one_node(arguments: FlatTables) -> int | None:
    references = _all_of(arguments, _FIELD_REF)
    indices = None if references is None else _all_of(references, _FIELD_INDEX)
    numbers = None if indices is None else np.unique(indices.numbers(0, "u4"))
    return int(numbers[0]) if numbers is not None and len(numbers) == 1 else None


def _plain_literals(literals: FlatTables) -> Sequence[Any] | None:
    kinds = np.unique(literals.numbers(0, "u1"))
    values = literals.tables(1)
    if len(kinds) != 1 or values is None:
        return None
    kind = int(kinds[0])
    if kind in _TEXTS:
        return values.texts(0)
    return values.numbers(0, _NUMBERS[kind]).tolist() if kind in _NUMBERS else None


def _term(
    name: str, arguments: list[FlatTable], budget: _Budget, nodes: int
) -> RawTerm:
    unary = name in ("is_null", "is_valid")
    if len(arguments) != (1 if unary else 2):
        raise broken(f"{name} has {len(arguments)} arguments")
    node = budget.fields.get(arguments[0].at, -1)
    if node < 0:
        node = budget.fields[arguments[0].at] = _field_index(arguments[0])
    if node >= nodes:
        raise broken(f"there is no field number {node}")
    if unary:
        return RawTerm(node, name)
    if arguments[1].number(0, "B") != _LITERAL:
        raise broken(f"{name} does not compare with a literal")
    budget.spend(0)
    return RawTerm(node, name, _literal(arguments[1].required(1, "literal"), budget))


def _field_index(expression: FlatTable) -> int:
    if expression.number(0, "B") != _FIELD_REF:
        raise broken("the first argument is not a field")
    reference = expression.required(1, "field reference")
    if reference.number(0, "B") != _FIELD_INDEX:
        raise broken("a field is not referred to by number")
    return int(reference.required(1, "field index").number(0, "I"))


def _literal(literal: FlatTable, budget: _Budget) -> Any:
    read = _LITERALS.get(literal.number(0, "B"))
    if read is None:
        raise broken(f"literal of unknown kind {literal.number(0, 'B')}")
    return read(literal.required(1, "literal value"), literal, budget)


_Reader = Callable[[FlatTable, FlatTable, _Budget], Any]


def _scalar(code: str) -> _Reader:
    return lambda value, _literal, _budget: value.number(0, code)


def _boolean(value: FlatTable, _literal: FlatTable, _budget: _Budget) -> bool:
    return bool(value.number(0, "B"))


def _raw(value: FlatTable, _literal: FlatTable, _budget: _Budget) -> bytes:
    return value.bytes(0) or b""


def _half(value: FlatTable, _literal: FlatTable, _budget: _Budget) -> float:
    return float(np.uint16(value.number(0, "H")).view(np.float16))


def _decimal(value: FlatTable, literal: FlatTable, _budget: _Budget) -> Decimal:
    raw = value.bytes(0) or b""
    if len(raw) != 16:
        raise broken("a decimal literal is not of 16 bytes")
    kind = literal.required(2, "literal type").required(3, "decimal type")
    scale = kind.number(1, "i")
    if not -64 < scale < 64:
        raise broken(f"a decimal literal has scale {scale}")
    return Decimal(int.from_bytes(raw, "little", signed=True)).scaleb(-scale, _EXACT)


def _list(value: FlatTable, _: FlatTable, budget: _Budget) -> tuple[Any, ...]:
    items = []
    for item in value.tables(0):
        budget.spend(0)
        items.append(_literal(item, budget))
    return tuple(items)


_LITERALS: dict[int, _Reader] = {
    1: _boolean,
    **{2 + i: _scalar(code) for i, code in enumerate("bhiqBHIQ")},
    10: _scalar("q"),
    11: _scalar("q"),
    12: _scalar("q"),
    15: _decimal,
    16: _half,
    17: _scalar("f"),
    18: _scalar("d"),
    19: _list,
    22: _raw,
    23: _raw,
}
