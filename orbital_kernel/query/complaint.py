"""What a database engine says of wrong SQL, in words that lead on."""

import difflib
import re
from collections.abc import Iterator

from sqlglot import exp

from orbital_kernel.query.statement import Statement, place

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
