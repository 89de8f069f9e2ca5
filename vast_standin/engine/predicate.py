"""Conditions on rows: parsed once, narrowed to intervals, then tested exactly.

A comparison with null never holds. Columns are named by number and a path into
structs; a fixed size list is compared as a whole, element by element.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vast_standin.engine.intervals import (
    EVERYTHING,
    NOT_NULL,
    ONLY_NULL,
    Intervals,
    between,
    point,
    points,
    union,
)
from vast_standin.engine.physical import physical, physical_type

_MANY = 8


@dataclass(frozen=True)
class Target:
    """A column (its number; below 0 for virtual ones) and the way into its structs."""

    column: int
    path: tuple[int, ...] = ()


@dataclass(frozen=True)
class Term:
    """One comparison of a target with a literal in its physical form."""

    target: Target
    operator: str
    literal: Any = None


@dataclass(frozen=True)
class Either:
    """At least one of the parts holds."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class Every:
    """All parts hold; without parts, always."""

    parts: tuple["Expression", ...]


Expression = Term | Either | Every
ALWAYS = Every(())

_INTERVALS: dict[str, Callable[[Any], Intervals]] = {
    "equal": point,
    "not_equal": lambda _: NOT_NULL,
    "less": lambda v: between(None, v),
    "less_equal": lambda v: between(None, v),
    "greater": lambda v: between(v, None),
    "greater_equal": lambda v: between(v, None),
    "is_null": lambda _: ONLY_NULL,
    "is_valid": lambda _: NOT_NULL,
    "match_substring": lambda _: NOT_NULL,
}
OPERATORS = frozenset(_INTERVALS)
_ONE_OF = "one_of"
_CLOSED = frozenset({"equal", "greater_equal", "less_equal"})
"""Operators whose interval is exact for whole numbers."""


def one_of(target: Target, values: pa.Array) -> Term:
    """Return the condition that a target equals one of many physical values."""
    members = values.drop_null().unique()
    if pa.types.is_floating(members.type):
        members = members.filter(pc.invert(pc.is_nan(members)))
        zeros = pa.array([0.0, -0.0], type=members.type)
        if pc.any(pc.equal(members, zeros[0])).as_py():
            members = pa.concat_arrays([members, zeros])
    return Term(target, _ONE_OF, members)


def columns_of(expression: Expression) -> set[int]:
    """Return the columns an expression reads."""
    return {term.target.column for term in _terms(expression)}


def possible_values(expression: Expression) -> dict[int, Intervals]:
    """Return the values each plain column can have in matching rows."""
    parts = expression.parts if isinstance(expression, Every) else (expression,)
    result: dict[int, Intervals] = {}
    for part in parts:
        targets = {term.target for term in _terms(part)}
        if len(targets) != 1:
            continue
        target = targets.pop()
        if target.path or _has_lists(part):
            continue
        narrowed = _narrow(part)
        before = result.get(target.column, EVERYTHING)
        result[target.column] = before & narrowed
    return result


def holds(
    expression: Expression, columns: Mapping[int, pa.Array], rows: int
) -> pa.Array:
    """Test every row; returns one boolean per row, without nulls."""
    if isinstance(expression, Term):
        return _test(expression, columns[expression.target.column])
    target = _of_ranges(expression)
    if target is not None and pa.types.is_integer(columns[target.column].type):
        return _in_ranges(columns[target.column], _narrow(expression))
    masks = [holds(part, columns, rows) for part in _grouped(expression)]
    if not masks:
        return _constant(isinstance(expression, Every), rows)
    join = pc.and_ if isinstance(expression, Every) else pc.or_
    result = masks[0]
    for mask in masks[1:]:
        result = join(result, mask)
    return result


def _terms(expression: Expression) -> Iterator[Term]:
    if isinstance(expression, Term):
        yield expression
    else:
        for part in expression.parts:
            yield from _terms(part)


def _has_lists(expression: Expression) -> bool:
    return any(isinstance(term.literal, tuple) for term in _terms(expression))


def _narrow(expression: Expression) -> Intervals:
    if isinstance(expression, Term):
        if expression.operator == _ONE_OF:
            return points(expression.literal.to_pylist())
        return _INTERVALS[expression.operator](expression.literal)
    if isinstance(expression, Either):
        return union(_narrow(part) for part in expression.parts)
    result = EVERYTHING
    for part in expression.parts:
        result &= _narrow(part)
    return result


def _of_ranges(expression: Expression) -> Target | None:
    """Return the target that many ranges with their bounds are of; None for all else."""
    if not isinstance(expression, Either) or len(expression.parts) < _MANY:
        return None
    terms = list(_terms(expression))
    targets = {term.target for term in terms}
    if len(targets) > 1 or not all(
        term.operator in _CLOSED and isinstance(term.literal, int) for term in terms
    ):
        return None
    target = targets.pop()
    return None if target.path else target


def _in_ranges(column: pa.Array, ranges: Intervals) -> pa.Array:
    """Return which numbers are in ranges: by bisection, not range by range."""
    valid = None if column.null_count == 0 else np.asarray(pc.is_valid(column))
    plain = column if valid is None else pc.fill_null(column, 0)
    values = plain.to_numpy()
    inside = ranges.meets(values, values)
    return pa.array(inside if valid is None else inside & valid)


def _grouped(expression: Either | Every) -> Iterable[Any]:
    """Combine the equalities of an Either on one target into one test."""
    if isinstance(expression, Every) or len(expression.parts) < _MANY:
        return expression.parts
    equal = [
        p
        for p in expression.parts
        if isinstance(p, Term) and p.operator == "equal" and not _has_lists(p)
    ]
    if len(equal) < _MANY or len({p.target for p in equal}) != 1:
        return expression.parts
    chosen = set(map(id, equal))
    others = [p for p in expression.parts if id(p) not in chosen]
    return [_several(equal[0].target, [p.literal for p in equal]), *others]


def _several(target: Target, literals: list[Any]) -> Term:
    return Term(target, _ONE_OF, tuple(literals))


def _test(term: Term, column: pa.Array) -> pa.Array:
    array = column
    for step in term.target.path:
        array = pc.struct_field(array, [step])
    if term.operator == "is_null":
        return pc.is_null(array)
    if term.operator == "is_valid":
        return pc.is_valid(array)
    if term.operator == _ONE_OF:
        return _one_of(array, term.literal)
    if isinstance(term.literal, tuple):
        return _compare_lists(array, term.operator, term.literal)
    values = physical(array)
    if term.operator == "match_substring":
        return _filled(pc.match_substring(values, term.literal))
    literal = pa.scalar(term.literal, type=values.type)
    return _filled(getattr(pc, term.operator)(values, literal))


def _one_of(array: pa.Array, members: pa.Array | tuple[Any, ...]) -> pa.Array:
    values = physical(array)
    if isinstance(members, tuple):
        array_of_members = pa.array(members, type=values.type)
        members = one_of(Target(0), array_of_members).literal
    return _filled(pc.is_in(values, value_set=members, skip_nulls=True))


def _filled(mask: pa.Array) -> pa.Array:
    return mask if mask.null_count == 0 else pc.fill_null(mask, fill_value=False)


def _constant(value: bool, rows: int) -> pa.Array:  # noqa: FBT001
    return pa.array(np.full(rows, value))


def _compare_lists(
    array: pa.Array, operator: str, literal: tuple[Any, ...]
) -> pa.Array:
    """Compare fixed size lists with one list, first difference decides."""
    size = array.type.list_size
    if len(literal) != size:
        return _constant(False, len(array))
    kind = physical_type(array.type.value_type)
    every = array.values.slice(array.offset * size, len(array) * size)
    repeated = pa.array(list(literal) * len(array), type=kind)
    flat = physical(every)
    shape = (len(array), size)
    same = np.asarray(_filled(pc.equal(flat, repeated))).reshape(shape)
    below = np.asarray(_filled(pc.less(flat, repeated))).reshape(shape)
    first = np.argmin(same, axis=1)
    equal = same.all(axis=1)
    less = ~equal & below[np.arange(len(array)), first]
    outcome = {
        "equal": equal,
        "not_equal": ~equal,
        "less": less,
        "less_equal": less | equal,
        "greater": ~less & ~equal,
        "greater_equal": ~less,
    }[operator]
    return pa.array(outcome & np.asarray(pc.is_valid(array)))
