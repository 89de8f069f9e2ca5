"""Names of stored rows registered: for rows of an older Orbital or written past the ingest."""

from collections import Counter
from collections.abc import Callable, Iterator
from weakref import WeakSet

import polars as pl
import pyarrow as pa

from orbital_kernel.database import Store, Transaction, naming, placing
from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Contains, Equal
from orbital_kernel.model.spelling import normalised

Progress = Callable[[str, int], None]
SMALL = 200_000
"""Rows whose names are registered at the first look-up, without being asked."""
BATCH_ROWS = 1_000_000
PORTION = 100_000
"""Points placed in one transaction."""
_complete: WeakSet[Store] = WeakSet()


def ensure(store: Store) -> None:
    """Register the names of a small database that has none; QueryError for a large one."""
    if store in _complete:
        return
    if not (store.counts("cross").get("names") or 0):
        rows = sum(_rows_of(store).values())
        if rows > SMALL:
            raise QueryError(
                f"the names of {rows:,} rows are not registered: run `orbital names "
                "rebuild` (or orbital.names.rebuild()) once; ingest keeps them up to date"
            )
        if rows == 0:
            return
        rebuild(store)
    _complete.add(store)


def rebuild(
    store: Store, progress: Progress = lambda _table, _rows: None
) -> pl.DataFrame:
    """Register the names of all rows and place the points without place; table by table.

    Returns table, rows, names, changed (names written or deleted) and placed (points).
    """
    counts = _rows_of(store)
    with store.transaction() as tx:
        naming.require_table(tx)
        tx.widen(naming.NAMES)
    results: list[list[object]] = []
    lacking: dict[str, Counter[str]] = {}
    for table in counts:
        with store.transaction() as tx:
            names, without_place = _read(tx, table, progress)
            stored = tx.select(
                naming.NAMES, [Clause("table", (Equal(table),))], row_ids=True
            )
            changed = naming.replace(tx, stored, naming.rows_of(names))
        lacking[table] = without_place
        results.append([table, counts[table], len(names), changed, 0])
    for result in results:
        result[-1] = _place(store, str(result[0]), lacking[str(result[0])])
    _complete.add(store)
    columns = ("table", "rows", "names", "changed", "placed")
    return pl.DataFrame(results, schema=list(columns), orient="row")


def _rows_of(store: Store) -> dict[str, int]:
    """Return the rows of each table that has names."""
    rows: dict[str, int] = {}
    for observatory in observatories():
        counts = store.counts(observatory)
        rows |= {f"{observatory}.{t}": counts[t] for t in naming.KINDS if counts.get(t)}
    return rows


def _read(
    tx: Transaction, table: str, progress: Progress
) -> tuple[pl.DataFrame, Counter[str]]:
    """Return the names in a table, and the points without place by object."""
    existing = tx.columns(table)
    columns = [c for c in naming.columns_of(table) if c in existing]
    parts: list[pl.DataFrame] = []
    lacking: Counter[str] = Counter()
    waiting: list[pa.RecordBatch] = []
    rows = 0

    def take() -> None:
        frame = frame_of(pa.Table.from_batches(waiting))
        waiting.clear()
        parts[:] = [naming.united(pl.concat([*parts, naming.names_of(table, frame)]))]
        if table.endswith(".photometry"):
            without = frame.filter(pl.any_horizontal(pl.col("ra", "dec").is_null()))
            counts = without["object"].drop_nulls().value_counts()
            lacking.update(dict(counts.rows()))

    for batch in tx.stream(table, columns=columns):
        waiting.append(batch)
        rows += len(batch)
        if rows >= BATCH_ROWS:
            take()
            progress(table, rows)
            rows = 0
    if waiting:
        take()
        progress(table, rows)
    if table.endswith(".photometry"):
        listed = [Clause("extra", (Contains('"aliases"'),))]
        for batch in tx.stream(table, listed, columns=["object", "simulated", "extra"]):
            frame = frame_of(pa.Table.from_batches([batch]))
            parts.append(naming.aliases_of(table, frame))
    if not parts:
        return naming.united(naming.names_of(table, _empty(table))), lacking
    return naming.united(pl.concat(parts)), lacking


def _empty(table: str) -> pl.DataFrame:
    empty = schema.table(table).arrow.empty_table()
    return frame_of(empty.select(list(naming.columns_of(table))))


def _place(store: Store, table: str, lacking: Counter[str]) -> int:
    """Give places to the points of these objects, so many points at a time."""
    placed = 0
    for names in _portions(lacking):
        with store.transaction() as tx:
            for written, points in placing.fill(tx, names, [table]):
                placed += len(points)
                if len(points):
                    columns = list(naming.columns_of(written))
                    frame = frame_of(points.select(columns))
                    naming.register(tx, naming.names_of(written, frame))
    return placed


def _portions(lacking: Counter[str]) -> Iterator[list[str]]:
    """Yield normalised names in portions of about PORTION points; spellings together."""
    points: Counter[str] = Counter()
    for name, count in lacking.items():
        points[normalised(name)] += count
    portion: list[str] = []
    rows = 0
    for key in sorted(points):
        if portion and rows + points[key] > PORTION:
            yield portion
            portion, rows = [], 0
        portion.append(key)
        rows += points[key]
    if portion:
        yield portion
