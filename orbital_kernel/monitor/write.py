"""Writes the changes of triggers to cross.bursts, one transaction per round."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from orbital_kernel.database import Store, Transaction
from orbital_kernel.model import schema
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.monitor.coincident import Coincident
from orbital_kernel.monitor.course import Change, Changes, Course, Row
from orbital_kernel.monitor.rows import TABLE
from orbital_kernel.science.bursts.matches import LINK_S

NAMES_AT_ONCE = 200


def coincide(changes: Changes, coincident: Coincident) -> None:
    """Set `matches` in every row to write; rewrite neighbours whose matches change."""
    near = {
        row["burst_id"]: row
        for course, change in changes
        for row in (*_neighbours(course, change), *change.rows.values())
    }
    matches = coincident.of(near.values())
    for course, change in changes:
        for row in _neighbours(course, change):
            if row.get("matches") != matches[row["burst_id"]]:
                change.gone.add(row["burst_id"])
                change.rows[row["burst_id"]] = row
                course.changed |= _keys(course, row)
        for row in change.rows.values():
            row["matches"] = matches[row["burst_id"]]


def write(store: Store, changes: Changes, *, noted: Path) -> None:
    """Write changes in one transaction, in as few requests as possible.

    The file `noted` holds the transaction's number while it is open.
    """
    doomed = {i for course, change in changes for i in _doomed(course, change)}
    rewritten = {course.series for course, change in changes if change.rewrite}
    rows = [row for _, change in changes for row in change.rows.values()]
    if not (doomed or rewritten or rows):
        return
    with watchers_transaction(store, noted) as tx:
        _delete(tx, "series", rewritten)
        _delete(tx, "burst_id", doomed)
        if rows:
            tx.insert(TABLE, _table(rows))


@contextmanager
def watchers_transaction(store: Store, noted: Path) -> Iterator[Transaction]:
    """Open the watcher's only transaction; first end one that a kill left open.

    That one holds the rows it claimed until the database ends it; if it was being
    committed, this one must begin after it, or it would not see its rows.
    """
    number = noted.read_text().strip() if noted.exists() else ""
    if number:
        store.roll_back(int(number))
    with store.transaction() as tx:
        noted.write_text(str(tx.number))
        yield tx
    noted.unlink()


def _doomed(course: Course, change: Change) -> Iterable[str]:
    if change.rewrite:
        return ()
    return change.gone if course.certain else change.gone | change.maybe


def _delete(tx: Transaction, column: str, values: Iterable[str]) -> None:
    named = sorted(values)
    for k in range(0, len(named), NAMES_AT_ONCE):
        portion = tuple(Equal(value) for value in named[k : k + NAMES_AT_ONCE])
        tx.delete(TABLE, [Clause(column, portion)])


def _neighbours(course: Course, change: Change) -> list[Row]:
    """Return rows written before that may share the match of a new episode."""
    if change.rewrite:
        return []
    starts = [row["met_s"] for row in change.rows.values()]
    away = change.gone | change.maybe | change.rows.keys()
    return [
        entry["row"]
        for entry in course.excursions.values()
        if entry["stays"]
        and entry["row"]["burst_id"] not in away
        and any(abs(entry["row"]["met_s"] - start) <= LINK_S for start in starts)
    ]


def _keys(course: Course, row: Row) -> set[str]:
    return {key for key, entry in course.excursions.items() if entry["row"] is row}


def _table(rows: list[Row]) -> pa.Table:
    """Return rows in the table's types; `time` is TT nanoseconds already."""
    target = schema.table(TABLE).arrow
    columns = {field.name: [row.get(field.name) for row in rows] for field in target}
    return pa.table(columns, schema=target)
