"""The writer of the latency ledger: one row of ops.queries per answer, in the background.

One thread per session writes the rows that have gathered, many in one transaction. If
the queue is full or the database refuses, rows of the ledger are lost, which is counted
and logged; answers do not depend on it.
"""

import ast
import atexit
import json
import logging
import queue
import re
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from orbital_kernel.model import schema
from orbital_kernel.model.predicate import (
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
from orbital_kernel.query.answer import Explain
from orbital_kernel.query.predicate_json import clauses, dumped
from orbital_kernel.query.question import Query

WAITING_ROWS = 10_000
GATHER_SECONDS = 2.0
EXIT_SECONDS = 5.0
LONGEST_TEXT = 8_000
Row = dict[str, Any]
LOG = logging.getLogger(__name__)


class Recorder:
    """Rows waiting to be written by `write`, which takes a table of ops.queries."""

    def __init__(
        self, write: Callable[[pa.Table], object], *, waiting: int = WAITING_ROWS
    ) -> None:
        self.lost = 0
        self._write = write
        self._rows: queue.Queue[Row] = queue.Queue(waiting)
        self._hurry = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def record(self, row: Row) -> None:
        """Queue a row to be written soon; it is lost if the queue is full."""
        try:
            self._rows.put_nowait(row)
        except queue.Full:
            self._lose(1, "too many are waiting")
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="orbital-ledger", daemon=True
                )
                self._thread.start()
                atexit.register(_flush_at_exit, weakref.ref(self))

    def flush(self, seconds: float | None = None) -> bool:
        """Wait until all queued rows are written; False if `seconds` do not suffice."""
        self._hurry.set()
        with self._rows.all_tasks_done:
            return self._rows.all_tasks_done.wait_for(
                lambda: not self._rows.unfinished_tasks, seconds
            )

    def _run(self) -> None:
        while True:
            rows = [self._rows.get()]
            self._hurry.wait(GATHER_SECONDS)
            while True:
                try:
                    rows.append(self._rows.get_nowait())
                except queue.Empty:
                    break
            self._hurry.clear()
            try:
                self._write(table(rows))
            except Exception as error:  # noqa: BLE001 the ledger fails no query
                self._lose(len(rows), str(error))
            for _ in rows:
                self._rows.task_done()

    def _lose(self, rows: int, why: str) -> None:
        self.lost += rows
        LOG.warning("%d rows of the latency ledger are lost: %s", rows, why)


def ledger_row(query: Query, how: Explain, *, kind: str, who: str) -> pa.Table:
    """Return the row of ops.queries for one answer."""
    return table([ledger_fields(query, how, kind=kind, who=who)])


def ledger_fields(query: Query, how: Explain, *, kind: str, who: str) -> Row:
    """Return the same as values by column."""
    return {
        "asked": datetime.now(UTC).replace(tzinfo=None),
        "who": who,
        "kind": kind,
        "predicate": short(repr(query)),
        "predicate_json": dumped(query),
        "pushed": short(json.dumps(how.pushed)),
        "residual": short(json.dumps(how.residual)),
        "stages": json.dumps(how.stages),
        "sorted_by": json.dumps(how.sort_key),
        **{name: getattr(how, name) for name in _FROM_EXPLAIN},
    }


def table(rows: list[Row]) -> pa.Table:
    """Return rows as a table of ops.queries."""
    return schema.conform(pa.Table.from_pylist(rows), schema.table("ops.queries"))


def _flush_at_exit(recorder: "weakref.ref[Recorder]") -> None:
    alive = recorder()
    if alive is not None and not alive.flush(EXIT_SECONDS):
        LOG.warning("the latency ledger was not completely written before the exit")


def short(text: str) -> str:
    """Return text cut far below the largest cell that the database takes."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


_FROM_EXPLAIN = (
    "table",
    "rows_returned",
    "rows_read",
    "rows_stored",
    "bytes",
    "milliseconds",
    "engine",
    "cold",
    "projection",
)

_MORE = re.compile(r" or (\d+) more$")
_RANGE = re.compile(r"in \[(.+), (.+)\]$")


@dataclass(frozen=True)
class Remembered:
    """A clause as the ledger has it; `terms` is how many it had."""

    clause: Clause
    terms: int


def recorded(row: Mapping[str, Any], table: schema.Table) -> list[Remembered]:
    """Return the clauses of a row of the ledger: from JSON, else from their texts."""
    if row.get("predicate_json"):
        return [Remembered(*pair) for pair in clauses(row["predicate_json"])]
    texts = json.loads(row["pushed"]) if row["pushed"].endswith("]") else []
    return remembered(texts, table)


def remembered(texts: Sequence[str], table: schema.Table) -> list[Remembered]:
    """Return the clauses of a query without JSON; unreadable ones are dropped."""
    kinds = {column.name: column.type for column in table.columns}
    parsed = (_clause(text, kinds) for text in texts)
    return [clause for clause in parsed if clause is not None]


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
    ends = _RANGE.match(text)
    if ends:
        return Range(_value(ends[1], kind), _value(ends[2], kind))
    sign, _, literal = text.partition(" ")
    if sign in (">=", "<="):
        value = _value(literal, kind)
        return Range(value, None) if sign == ">=" else Range(None, value)
    if sign == "=":
        return Equal(_literal(literal))
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
