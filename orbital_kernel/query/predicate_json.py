"""The conditions of a query as JSON, as the latency ledger stores them.

`version` counts the formats. A long set is shortened to its first values and their
number; a query whose JSON is longer than a cell may be is stored without.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Clause
from orbital_kernel.query.planning import plan
from orbital_kernel.query.question import Query, TimeSpan
from orbital_kernel.query.regions import Box, Cone, Polygon

VERSION = 1
MOST_VALUES = 100
LONGEST_JSON = 8_000
INSTANT = "instant"


def dumped(query: Query) -> str | None:
    """Return the conditions that a server can evaluate; None if they are too long."""
    parts = {
        "cone": query.cone
        and [query.cone.ra, query.cone.dec, query.cone.radius_arcmin],
        "box": query.box
        and [query.box.ra_min, query.box.ra_max, query.box.dec_min, query.box.dec_max],
        "polygon": query.polygon and [list(corner) for corner in query.polygon.corners],
        "time": query.time and [query.time.start, query.time.stop, query.time.column],
        "ranges": {name: list(pair) for name, pair in query.ranges.items()},
        "sets": {name: _shortened(values) for name, values in query.sets.items()},
        "null": list(query.null),
        "not_null": list(query.not_null),
        "prefix": dict(query.prefix),
        "contains": dict(query.contains),
    }
    given = {name: part for name, part in parts.items() if part}
    text = json.dumps(
        {"version": VERSION, "table": query.table, **given}, default=_plain
    )
    return text if len(text) <= LONGEST_JSON else None


def clauses(text: str) -> list[tuple[Clause, int]]:
    """Return the clauses of a stored query, each with the number of terms it had.

    No clauses for a later format, or for a query that this version cannot compile.
    """
    document = json.loads(text, object_hook=_revived)
    if document.get("version") != VERSION:
        return []
    sets = document.get("sets", {})
    try:
        planned = plan(_query(document, sets))
    except QueryError:
        return []
    missing = {name: part["number"] - len(part["first"]) for name, part in sets.items()}
    return [(c, len(c.any_of) + missing.get(c.column, 0)) for c in planned.pushed]


def _query(document: Mapping[str, Any], sets: Mapping[str, Any]) -> Query:
    polygon = document.get("polygon")
    return Query(
        document["table"],
        cone=Cone(*document["cone"]) if "cone" in document else None,
        box=Box(*document["box"]) if "box" in document else None,
        polygon=Polygon(tuple(map(tuple, polygon))) if polygon else None,
        time=TimeSpan(*document["time"]) if "time" in document else None,
        ranges={name: tuple(pair) for name, pair in document.get("ranges", {}).items()},
        sets={name: part["first"] for name, part in sets.items()},
        null=document.get("null", ()),
        not_null=document.get("not_null", ()),
        prefix=document.get("prefix", {}),
        contains=document.get("contains", {}),
    )


def _shortened(values: Sequence[Any]) -> dict[str, Any]:
    different = list(dict.fromkeys(values))
    return {"first": different[:MOST_VALUES], "number": len(different)}


def _plain(value: Any) -> Any:
    """Return a value that JSON lacks: an instant as text, a numpy number as Python's."""
    if isinstance(value, date):
        return {INSTANT: value.isoformat()}
    return value.item() if hasattr(value, "item") else str(value)


def _revived(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value[INSTANT]) if set(value) == {INSTANT} else value
