"""Clauses read back from the latency ledger, where they stand as people read them.

Of a clause with many terms the ledger has the first ones and how many more there were.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from orbital_kernel import schema
from orbital_kernel.predicate import (
    Clause,
    Contains,
    Equal,
    NotNull,
    Null,
    Prefix,
    Range,
    Term,
    Value,
)

_MORE = re.compile(r" or (\d+) more$")
_RANGE = re.compile(r"in \[(.+), (.+)\]$")


@dataclass(frozen=True)
class Remembered:
    """A clause as far as it was written down; `terms` is how many it had."""

    clause: Clause
    terms: int


def remembered(texts: Sequence[str], table: schema.Table) -> list[Remembered]:
    """Return the clauses of a query; one that cannot be read back is left out."""
    kinds = {column.name: column.type for column in table.columns}
    found = (_clause(text, kinds) for text in texts)
    return [one for one in found if one is not None]


def _clause(text: str, kinds: dict[str, pa.DataType]) -> Remembered | None:
    column = text.partition(" ")[0]
    if column not in kinds:
        return None
    more = _MORE.search(text)
    shown = text[: more.start()] if more else text
    try:
        parts = shown.split(f" or {column} ")
        terms = tuple(
            _term(part.removeprefix(f"{column} "), kinds[column]) for part in parts
        )
    except (ValueError, SyntaxError):
        return None
    return Remembered(Clause(column, terms), len(terms) + (int(more[1]) if more else 0))


def _term(text: str, kind: pa.DataType) -> Term:
    if text in _FIXED:
        return _FIXED[text]
    both = _RANGE.match(text)
    if both:
        return Range(_value(both[1], kind), _value(both[2], kind))
    sign, _, rest = text.partition(" ")
    if sign in (">=", "<="):
        value = _value(rest, kind)
        return Range(value, None) if sign == ">=" else Range(None, value)
    if sign == "=":
        return Equal(_literal(rest))
    for words, make in (("starts with ", Prefix), ("contains ", Contains)):
        if text.startswith(words):
            return make(str(_literal(text.removeprefix(words))))
    raise ValueError(text)


def _value(text: str, kind: pa.DataType) -> Value:
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(text)
    if pa.types.is_string(kind):
        return text
    return float(text) if pa.types.is_floating(kind) else int(text)


def _literal(text: str) -> Value:
    if text.startswith("datetime.datetime("):
        numbers = ast.literal_eval(text.removeprefix("datetime.datetime"))
        return datetime(*numbers)  # noqa: DTZ001 on the TT scale
    value: Value = ast.literal_eval(text)
    return value


_FIXED: dict[str, Term] = {"is null": Null(), "is not null": NotNull()}
