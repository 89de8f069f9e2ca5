"""Marks of tiles in `cross.tiles`: finished ones, and transactions that write one.

A process that is killed leaves its transaction open, and with it the claim on the rows
it deleted. So each tile's transaction is noted in one of its own as it begins: whoever
does the tile again, or ends the match, rolls it back, wherever the process was.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from orbital_kernel.database import Store, Transaction
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal

MARKS = "cross.tiles"
Counts = dict[str, Any]
"""Counts of a finished tile."""


class Mark(NamedTuple):
    """What a mark is of: a run of a match, and the cells of a tile."""

    run_id: str
    low: int
    high: int


def finished_tiles(store: Store, run_id: str) -> dict[tuple[int, int], Counts]:
    """Return the counts of a run's finished tiles, by their cells."""
    return {
        (row["low"], row["high"]): json.loads(row["summary"])
        for row in _marks(store, run_id).drop_nulls("summary").iter_rows(named=True)
    }


def resumed(store: Store, mark: Mark) -> Counts | None:
    """Return the counts of a tile if it is finished; else end what others began of it."""
    marks = _marks(store, mark.run_id).filter(low=mark.low, high=mark.high)
    for summary in marks["summary"].drop_nulls():
        finished: Counts = json.loads(summary)
        return finished
    _roll_back(store, marks)
    return None


@contextmanager
def writing(store: Store, mark: Mark, now: datetime) -> Iterator[Transaction]:
    """Open the transaction that writes a tile, noted in the database as it begins."""
    with store.transaction() as tx:
        noted = mark._asdict() | {"time": now, "transaction": tx.number}
        store.insert(MARKS, pl.DataFrame([noted]).to_arrow())
        yield tx


def finish(tx: Transaction, mark: Mark, counts: Counts, now: datetime) -> None:
    """Mark a tile as finished, in the transaction that wrote it."""
    done = mark._asdict() | {"time": now, "summary": json.dumps(counts)}
    tx.insert(MARKS, pl.DataFrame([done]).to_arrow())


def end(store: Store, run_id: str) -> None:
    """Roll back what a run left open."""
    _roll_back(store, _marks(store, run_id))


def forget(store: Store, run_id: str) -> None:
    """Delete the marks of a run: the match is complete."""
    with store.transaction() as tx:
        tx.delete(MARKS, [Clause("run_id", (Equal(run_id),))])


def _marks(store: Store, run_id: str) -> pl.DataFrame:
    return frame_of(store.read(MARKS, [Clause("run_id", (Equal(run_id),))]))


def _roll_back(store: Store, marks: pl.DataFrame) -> None:
    for number in marks["transaction"].drop_nulls():
        store.roll_back(number)
