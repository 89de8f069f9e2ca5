"""One SELECT, parsed before it is sent: the tables it reads, by the engine's names.

The text goes to the engine as it was written except for the names of tables, so that
every function of the engine can be used.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from orbital_kernel.database.quiet import Quiet
from orbital_kernel.errors import QueryError, did_you_mean, shortened, unknown
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import observatories

Span = tuple[int, int]
EXAMPLE = "SELECT obs_id, ra, dec FROM swift.observations LIMIT 5"

QUIET = Quiet("sqlglot", below=logging.ERROR)


@dataclass(frozen=True)
class Statement:
    """A SELECT as written, as it is sent to the engine, and the tables it reads.

    `catalogue` is every table of schema.py by full name.
    """

    text: str
    parsed: exp.Query
    sent: str
    tables: tuple[str, ...]
    catalogue: Mapping[str, schema.Table] = field(repr=False)


def statement(text: str, database: str) -> Statement:
    """Parse a SELECT; raises QueryError for anything else, with line and column."""
    parsed = _parsed(text)
    catalogue = schema.tables(tuple(observatories()))
    subqueries = {with_.alias.lower() for with_ in parsed.find_all(exp.CTE)}
    tables, edits = [], []
    for table in parsed.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        if not table.db:
            if table.name.lower() in subqueries:
                continue
            raise QueryError(_unqualified(table, catalogue))
        full_name = _full_name(table, database, catalogue)
        tables.append(full_name)
        schema_name, _, name = full_name.partition(".")
        edits.append((_span(table), f'"{database}/{schema_name}"."{name}"'))
    for column in parsed.find_all(exp.Column):
        named = column.args.get("db")
        if isinstance(named, exp.Identifier) and "start" in named.meta:
            plain = named.name.removeprefix(f"{database}/").lower()
            span = named.meta["start"], named.meta["end"] + 1
            edits.append((span, f'"{database}/{plain}"'))
    return Statement(
        text, parsed, _replaced(text, edits), tuple(dict.fromkeys(tables)), catalogue
    )


def place(node: exp.Expression) -> str:
    """Return 'line 1, column 8' of a node, '' if its position is not known."""
    meta = next((n.meta for n in node.find_all(exp.Identifier) if "line" in n.meta), {})
    if not meta:
        return ""
    first = meta["col"] - (meta["end"] - meta["start"])
    return f"line {meta['line']}, column {first}"


def _parsed(text: str) -> exp.Query:
    try:
        with QUIET():
            parsed = [node for node in sqlglot.parse(text) if node is not None]
    except ParseError as error:
        raise QueryError(_syntax_error(error)) from error
    except SqlglotError as error:
        raise QueryError(
            "not valid SQL: a quote or a bracket is not closed, or a character does not "
            f"belong here ({error})"
        ) from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        raise QueryError(
            f"give one SELECT, e.g. {EXAMPLE}: only ingest changes data, and "
            "`orbital.tables()` lists the tables"
        )
    return parsed[0]


def _syntax_error(error: ParseError) -> str:
    """Return what is wrong with the text and where, without colours."""
    first = error.errors[0] if error.errors else {}
    near = f"{first.get('start_context', '')}{first.get('highlight', '')}"[-40:]
    reason = str(first.get("description", "")).rstrip(".")
    reason = reason.split(" missing for <class")[0]
    where = f"line {first.get('line', 1)}, column {first.get('col', 1)}"
    return (
        f"not valid SQL at {where}, after {near!r}: {reason or error}; give one SELECT, "
        f"e.g. {EXAMPLE}"
    )


def _full_name(table: exp.Table, database: str, names: Iterable[str]) -> str:
    """Return the full name, e.g. swift.rates; lower case if it is one of the tables."""
    full_name = f"{table.db.removeprefix(f'{database}/')}.{table.name}"
    return full_name.lower() if full_name.lower() in names else full_name


def _unqualified(table: exp.Table, names: Iterable[str]) -> str:
    name = table.name
    matches = [full for full in names if full.endswith(f".{name.lower()}")]
    choice = " or ".join(matches) or f"swift.{name}"
    return f"{place(table)}: name the table {name!r} with its schema, e.g. {choice}"


def _span(table: exp.Table) -> Span:
    """Return the start and end of a table's name in the text."""
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


MOST_COMPLAINTS = 3
_MESSAGE = re.compile(r'message: "((?:[^"\\]|\\.)*)"', re.DOTALL)
_QUOTED = re.compile(r"\n\s*(LINE \d+: .*)\n(\s*\^)", re.DOTALL)


def complaint(statement: Statement, raw: str) -> str:
    """Return what is wrong, where, and what to write instead."""
    errors = [*_tables(statement), *_columns(statement)]
    if errors:
        return "; ".join(errors[:MOST_COMPLAINTS])
    return f"the database's engine cannot answer this SQL: {engine_says(raw)}"


def engine_says(raw: str) -> str:
    """Return the engine's sentence without what the driver adds to it."""
    message = _MESSAGE.search(raw)
    text = raw if message is None else message[1].encode().decode("unicode_escape")
    text = re.sub(r'"[^"/]+/(\w+)"\.', r"\1.", text)
    return _QUOTED.sub("", text).strip() if len(text) > 2_000 else text.strip()


def _tables(statement: Statement) -> Iterator[str]:
    """Yield a sentence per unknown table."""
    for full_name in statement.tables:
        if full_name not in statement.catalogue:
            schema_name, _, name = full_name.partition(".")
            prefix = f"{schema_name.lower()}."
            in_schema = [n for n in statement.catalogue if n.startswith(prefix)]
            node = next(
                t for t in statement.parsed.find_all(exp.Table) if t.name == name
            )
            names = in_schema or list(statement.catalogue)
            yield f"{place(node)}: {unknown('table', full_name, names)}"


def _columns(statement: Statement) -> Iterator[str]:
    """Yield a sentence per column that none of the tables has."""
    catalogue = statement.catalogue
    tables = {n: catalogue[n] for n in statement.tables if n in catalogue}
    names = {column.name for table in tables.values() for column in table.columns}
    aliases = {
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
        if isinstance(column.this, exp.Star) or name.lower() in names | aliases:
            continue
        choice = "; ".join(
            f"{full_name} has {shortened([c.name for c in table.columns])}"
            for full_name, table in tables.items()
        )
        yield (
            f"{place(column)}: unknown column {name!r}"
            f"{did_you_mean(name, sorted(names))}; {choice or 'no table is read'}"
        )
