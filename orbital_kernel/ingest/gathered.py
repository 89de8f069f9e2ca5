"""Rows of tables with a key, gathered: each writing of them reads what is stored."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from orbital_kernel.ingest.items import Item, Rows
from orbital_kernel.model import schema

GATHERED_BYTES = 48 << 20


def gathered(items: Iterable[Item]) -> Iterator[Item]:
    """Yield a file's items in order, successive rows of one table with a key as one item."""
    waiting: list[Rows] = []
    size = 0
    for item in items:
        keyed = item if isinstance(item, Rows) and _has_key(item) else None
        other = keyed is None or (waiting and keyed.table != waiting[0].table)
        if waiting and (other or size >= GATHERED_BYTES):
            yield _joined(waiting)
            waiting, size = [], 0
        if keyed:
            waiting.append(keyed)
            size += keyed.data.nbytes
        else:
            yield item
    if waiting:
        yield _joined(waiting)


def _has_key(rows: Rows) -> bool:
    return bool(schema.table(rows.table).key)


def _joined(parts: list[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    tables = [part.data for part in parts]
    return Rows(parts[0].table, pa.concat_tables(tables, promote_options="default"))
