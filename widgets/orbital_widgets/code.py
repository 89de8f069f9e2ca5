"""Queries as the Python code that creates them."""

from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

from orbital_kernel.query import Query


def of(queries: Sequence[Query], *, name: str = "") -> str:
    """Return a script that connects and runs the queries; `name` is the cone's object."""
    used = {"Query", "connect"}
    used |= {"Cone"} if any(query.cone for query in queries) else set()
    used |= {"TimeSpan"} if any(query.time for query in queries) else set()
    ends = sorted({type(q.largest).__name__ for q in queries if q.largest})
    more = f"from orbital_kernel.query import {', '.join(ends)}\n" if ends else ""
    statements = "\n".join(_statement(query) for query in queries)
    about = f"# the cone is around {name!r}\n" if name else ""
    return (
        f"from orbital_kernel import {', '.join(sorted(used))}\n{more}\n"
        f"orbital = connect()\n{about}{statements}\n"
    )


def expression(query: Query) -> str:
    """Return one Query as an expression, without parts that have their default."""
    given = [
        f"{field.name}={getattr(query, field.name)!r}"
        for field in fields(query)
        if field.name != "table" and getattr(query, field.name) != _default(field)
    ]
    return f"Query({', '.join([repr(query.table), *given])})"


def _statement(query: Query) -> str:
    variable = query.table.replace(".", "_")
    return f"{variable} = orbital.query(\n    {expression(query)}\n).frame"


def _default(field: Any) -> Any:
    factory = field.default_factory
    return field.default if factory is MISSING else factory()
