"""The latency ledger's writer: a row of ops.queries an answer, behind the answer's back.

One thread a session writes what has gathered, many rows a transaction. A full queue or
a database that refuses costs rows of the ledger, counted and logged, never an answer.
"""

import ast
import atexit
import json
import logging
import queue
import re
import threading
import weakref
from collections.abc import Callable, Sequence
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
from orbital_kernel.query.question import Query

WAITING_ROWS = 10_000
GATHER_SECONDS = 2.0
EXIT_SECONDS = 5.0
LONGEST_TEXT = 8_000
Row = dict[str, Any]
log = logging.getLogger(__name__)


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
        """Take a row to be written soon; where the queue is full it is lost."""
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
        """Wait until everything taken is written; False when `seconds` did not do."""
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
            except Exception as error:  # noqa: BLE001 the ledger stops no question
                self._lose(len(rows), str(error))
            for _ in rows:
                self._rows.task_done()

    def _lose(self, rows: int, why: str) -> None:
        self.lost += rows
        log.warning("%d rows of the latency ledger are lost: %s", rows, why)


def ledger_row(query: Query, how: Explain, *, kind: str, who: str) -> pa.Table:
    """Return the row of ops.queries one answer leaves."""
    return table([ledger_fields(query, how, kind=kind, who=who)])


def ledger_fields(query: Query, how: Explain, *, kind: str, who: str) -> Row:
    """Return the same as values by column; cheap enough to be done before answering."""
    return {
        "asked": datetime.now(UTC).replace(tzinfo=None),
        "who": who,
        "kind": kind,
        "predicate": short(repr(query)),
        "pushed": short(json.dumps(how.pushed)),
        "residual": short(json.dumps(how.residual)),
        "stages": json.dumps(how.stages),
        "sorted_by": json.dumps(how.sort_key),
        **{name: getattr(how, name) for name in _AS_TOLD},
    }


def table(rows: list[Row]) -> pa.Table:
    """Return rows as a table of ops.queries."""
    return schema.conform(pa.Table.from_pylist(rows), schema.table("ops.queries"))


def _flush_at_exit(recorder: "weakref.ref[Recorder]") -> None:
    alive = recorder()
    if alive is not None and not alive.flush(EXIT_SECONDS):
        log.warning("the latency ledger was not written to its end before the exit")


def short(text: str) -> str:
    """Keep a cell far below the largest one the database takes."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


_AS_TOLD = (
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
