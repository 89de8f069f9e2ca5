"""Clauses as expressions of a table's columns, in the form the vendor's client sends.

Only methods of the given columns are called, so nothing of the vendor is imported.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from operator import and_, or_
from typing import Any

from orbital_kernel.model import predicate
from orbital_kernel.model.predicate import Clause


def pushed(table: Any, clauses: Iterable[Clause]) -> Any:
    """Return all clauses as one expression on `table[name]`; None without clauses."""
    parts = [reduce(or_, _terms(table[c.column], c)) for c in clauses]
    return reduce(and_, parts) if parts else None


def _terms(column: Any, clause: Clause) -> list[Any]:
    """Return the clause's terms; many values go as one set, since each OR nests."""
    values = [term.value for term in clause.any_of if isinstance(term, predicate.Equal)]
    others = [t for t in clause.any_of if not isinstance(t, predicate.Equal)]
    terms = [_TERMS[type(term)](column, term) for term in others]
    return [*terms, column.isin(values)] if values else terms


def _range(column: Any, term: Any) -> Any:
    if term.low is None:
        return column <= term.high
    return (
        column >= term.low if term.high is None else column.between(term.low, term.high)
    )


_TERMS: dict[type, Callable[[Any, Any], Any]] = {
    predicate.Range: _range,
    predicate.Null: lambda column, _: column.isnull(),
    predicate.NotNull: lambda column, _: ~column.isnull(),
    predicate.Prefix: lambda column, term: column.startswith(term.text),
    predicate.Contains: lambda column, term: column.contains(term.text),
}
