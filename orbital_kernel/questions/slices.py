"""A table read in slices of bounded size, in order of time or of the sky.

A small table is one query. Of a large one the order's column is streamed first, batch by
batch, into a histogram; slices of at most SLICE_ROWS rows follow, each a planned query of
one range of the sort key. Rows of equal time (or cell) are never cut apart, unless one
cell of the histogram holds more.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from orbital_kernel.query import Query
from orbital_kernel.query.names import require_table
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.spans import MINUTE_NS, cuts, histogram, instant

SLICE_ROWS = 500_000
CELL_SHIFT = 2 * (29 - 8)
"""Cells of 14 arcmin: the slices of a pointed catalogue are not larger than wished."""
KIND = "quality"


def in_time(
    orbital: Session, table: str, columns: Sequence[str], *, most: int = SLICE_ROWS
) -> Iterator[pl.DataFrame]:
    """Yield the rows of a table in slices in order of time, then those without time."""
    names = _stored(table, columns)
    if orbital.store.rows(table) <= most:
        frame = _ask(orbital, Query(table, names, full_scan=True))
        yield frame.sort("time", nulls_last=True)
        return
    starts = cuts(histogram(orbital.store, table, "time", MINUTE_NS), most)
    for low, high in zip(starts, [*starts[1:], None], strict=True):
        first = instant(low * MINUTE_NS)
        last = None if high is None else instant(high * MINUTE_NS)
        inside = None if last is None else pl.col("time") < last
        query = Query(
            table, names, ranges={"time": (first, last)}, where=inside, full_scan=True
        )
        yield _ask(orbital, query).sort("time")
    yield _ask(orbital, Query(table, names, null=("time",), full_scan=True))


def in_sky(
    orbital: Session,
    tables: Sequence[str],
    columns: Sequence[str],
    *,
    most: int = SLICE_ROWS,
) -> Iterator[list[pl.DataFrame]]:
    """Yield the rows of several tables in the same slices of the sky, table by table."""
    names = {table: _stored(table, columns) for table in tables}
    if sum(orbital.store.rows(table) for table in tables) <= most:
        yield [_ask(orbital, Query(t, names[t], full_scan=True)) for t in tables]
        return
    counts: Counter[int] = Counter()
    for table in tables:
        counts.update(histogram(orbital.store, table, "healpix", 1 << CELL_SHIFT))
    starts = cuts(counts, most)
    for low, high in zip(starts, [*starts[1:], None], strict=True):
        last = None if high is None else (high << CELL_SHIFT) - 1
        cells = (low << CELL_SHIFT, last)
        yield [
            _ask(
                orbital,
                Query(t, names[t], ranges={"healpix": cells}, full_scan=True),
            )
            for t in tables
        ]
    yield [
        _ask(orbital, Query(t, names[t], null=("healpix",), full_scan=True))
        for t in tables
    ]


def _ask(orbital: Session, query: Query) -> pl.DataFrame:
    return orbital.query(query, kind=KIND).frame


def _stored(table: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return those columns that the table has."""
    names = {column.name for column in require_table(table).columns}
    return tuple(dict.fromkeys(name for name in columns if name in names))
