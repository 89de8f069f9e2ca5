"""One SELECT, read before it is sent: which tables it asks, by the engine's names.

The text goes to the engine as it was written but for the names of tables, so that every
function and every dialect the engine knows can be used.
"""

import difflib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import observatories

Span = tuple[int, int]
EXAMPLE = "SELECT obs_id, ra, dec FROM swift.observations LIMIT 5"

logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Statement:
    """A SELECT as written, as the engine is asked it, and the tables it reads.

    `known` is every table of schema.py by full name.
    """

    text: str
    parsed: exp.Query
    asked: str
    tables: tuple[str, ...]
    known: Mapping[str, schema.Table] = field(repr=False)


def statement(text: str, database: str) -> Statement:
    """Read a SELECT; raises QueryError for anything else, saying where it goes wrong."""
    parsed = _parsed(text)
    known = schema.tables(tuple(observatories()))
    own = {with_.alias.lower() for with_ in parsed.find_all(exp.CTE)}
    tables, edits = [], []
    for table in parsed.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        if not table.db:
            if table.name.lower() in own:
                continue
            raise QueryError(_unqualified(table, known))
        full_name = _full_name(table, database, known)
        tables.append(full_name)
        room, _, name = full_name.partition(".")
        edits.append((_span(table), f'"{database}/{room}"."{name}"'))
    for column in parsed.find_all(exp.Column):
        named = column.args.get("db")
        if isinstance(named, exp.Identifier) and "start" in named.meta:
            plain = named.name.removeprefix(f"{database}/").lower()
            span = named.meta["start"], named.meta["end"] + 1
            edits.append((span, f'"{database}/{plain}"'))
    return Statement(
        text, parsed, _replaced(text, edits), tuple(dict.fromkeys(tables)), known
    )


def place(node: exp.Expression) -> str:
    """Return 'line 1, column 8' of a node, '' where its place is not known."""
    meta = next((n.meta for n in node.find_all(exp.Identifier) if "line" in n.meta), {})
    if not meta:
        return ""
    first = meta["col"] - (meta["end"] - meta["start"])
    return f"line {meta['line']}, column {first}"


def _parsed(text: str) -> exp.Query:
    try:
        parsed = [one for one in sqlglot.parse(text) if one is not None]
    except ParseError as error:
        raise QueryError(_told(error)) from error
    except SqlglotError as error:
        raise QueryError(
            "this is no SQL: a quote or a bracket that is opened is not closed, or a "
            f"character does not belong here ({error})"
        ) from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        raise QueryError(
            f"ask one SELECT, e.g. {EXAMPLE}: data are changed by ingest only, and "
            "`orbital.tables()` lists the tables"
        )
    return parsed[0]


def _told(error: ParseError) -> str:
    """Say what is wrong with the text and where, without colours."""
    one = error.errors[0] if error.errors else {}
    near = f"{one.get('start_context', '')}{one.get('highlight', '')}"[-40:]
    what = str(one.get("description", "")).rstrip(".")
    what = what.split(" missing for <class")[0]
    where = f"line {one.get('line', 1)}, column {one.get('col', 1)}"
    return (
        f"this is no SQL at {where}, after {near!r}: {what or error}; ask one SELECT, "
        f"e.g. {EXAMPLE}"
    )


def _full_name(table: exp.Table, database: str, known: Iterable[str]) -> str:
    """Return the full name, e.g. swift.rates; that of a known table in lower case."""
    room = table.db.removeprefix(f"{database}/")
    full_name = f"{room}.{table.name}"
    return full_name.lower() if full_name.lower() in known else full_name


def _unqualified(table: exp.Table, known: Iterable[str]) -> str:
    name = table.name
    having = [full for full in known if full.endswith(f".{name.lower()}")]
    choice = " or ".join(having) or f"swift.{name}"
    return f"{place(table)}: name the table {name!r} with its schema, e.g. {choice}"


def _span(table: exp.Table) -> Span:
    """Return where the name of a table begins and ends in the text."""
    parts = [
        part.meta
        for part in (table.args.get(k) for k in ("catalog", "db", "this"))
        if isinstance(part, exp.Identifier)
    ]
    return parts[0]["start"], parts[-1]["end"] + 1


def _replaced(text: str, edits: list[tuple[Span, str]]) -> str:
    return "".join(_pieces(text, sorted(edits))).strip().rstrip(";")


def _pieces(text: str, edits: list[tuple[Span, str]]) -> Iterator[str]:
    at = 0
    for (start, stop), new in edits:
        yield text[at:start]
        yield new
        at = stop
    yield text[at:]


MOST_NAMES = 30
MOST_COMPLAINTS = 3
_MESSAGE = re.compile(r'message: "((?:[^"\\]|\\.)*)"', re.DOTALL)
_KEPT = re.compile(r"\n\s*(LINE \d+: .*)\n(\s*\^)", re.DOTALL)


def complaint(statement: Statement, raw: str) -> str:
    """Return what is wrong, where, and what to write instead."""
    own = [*_tables(statement), *_columns(statement)]
    if own:
        return "; ".join(own[:MOST_COMPLAINTS])
    return f"the database's engine cannot answer this SQL: {engine_says(raw)}"


def engine_says(raw: str) -> str:
    """Return the engine's own sentence out of what the driver wraps it in."""
    found = _MESSAGE.search(raw)
    text = raw if found is None else found[1].encode().decode("unicode_escape")
    text = re.sub(r'"[^"/]+/(\w+)"\.', r"\1.", text)
    return _KEPT.sub("", text).strip() if len(text) > 2_000 else text.strip()


def _tables(statement: Statement) -> Iterator[str]:
    known = statement.known
    for full_name in statement.tables:
        if full_name not in known:
            room, _, name = full_name.partition(".")
            mine = [one for one in known if one.startswith(f"{room.lower()}.")]
            rooms = dict.fromkeys(one.partition(".")[0] for one in known)
            node = next(
                t for t in statement.parsed.find_all(exp.Table) if t.name == name
            )
            having = f"{room} has" if mine else f"the schemas are {', '.join(rooms)}:"
            yield (
                f"{place(node)}: there is no table {full_name!r}; {having} "
                f"{', '.join(mine or _few(list(known)))}{_like(full_name, list(known))}"
            )


def _columns(statement: Statement) -> Iterator[str]:
    """Name the columns none of the tables asked has."""
    known = statement.known
    tables = {n: known[n] for n in statement.tables if n in known}
    names = {column.name for table in tables.values() for column in table.columns}
    made = {
        node.alias.lower()
        for node in statement.parsed.find_all(exp.Alias, exp.TableAlias, exp.CTE)
        if node.alias
    } | {
        column.name.lower()
        for alias in statement.parsed.find_all(exp.TableAlias)
        for column in alias.args.get("columns") or []
    }
    for column in statement.parsed.find_all(exp.Column):
        name = column.name
        if isinstance(column.this, exp.Star) or name.lower() in names | made:
            continue
        having = "; ".join(
            f"{full_name} has {', '.join(_few([c.name for c in table.columns]))}"
            for full_name, table in tables.items()
        )
        yield (
            f"{place(column)}: there is no column {name!r}"
            f"{_like(name, sorted(names))}; {having or 'no table is asked'}"
        )


def _like(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name.lower(), names, n=2, cutoff=0.6)
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def _few(names: list[str]) -> list[str]:
    more = len(names) - MOST_NAMES
    return names if more <= 0 else [*names[:MOST_NAMES], f"… {more} more"]
