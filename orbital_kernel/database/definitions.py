"""Definitions of tables in a transaction: columns, sort keys, projections."""

import time as clock
from typing import Any

import pyarrow as pa
from vastdb import errors as vast_errors
from vastdb.table_metadata import TableMetadata, TableRef, TableType

from orbital_kernel.database.client import Metadata
from orbital_kernel.database.shared import Shared
from orbital_kernel.errors import StoreError
from orbital_kernel.model import schema
from orbital_kernel.model.columns import Projection
from orbital_kernel.model.layout import layout

PROJECTIONS_SECONDS = 60.0
ALL_PERCENT = 100


class Definitions:
    """The tables of one database, as of one open transaction."""

    def __init__(self, shared: Shared, tx: Any) -> None:
        self._shared = shared
        self._tx = tx

    @property
    def number(self) -> int:
        """The transaction's id on the wire."""
        return int(self._tx.active_txid)

    def tables(self) -> dict[str, schema.Table]:
        """Return the tables that exist, with columns and sort key as the database has them."""
        try:
            bucket = self._tx.bucket(self._shared.database)
        except vast_errors.MissingBucket:
            return {}
        tables = {}
        for parent in bucket.schemas():
            for name in parent.tablenames():
                full_name = f"{parent.name}.{name}"
                metadata = self._load(full_name)
                columns = tuple(
                    schema.Column(f.name, f.type) for f in metadata.arrow_schema
                )
                sort = _sort_key(metadata)
                laid_out = layout(full_name).projections
                created = self.projections(full_name, fresh=True) if laid_out else {}
                tables[full_name] = schema.Table(
                    name, columns, sort, projections=tuple(created.values())
                )
        return tables

    def row_counts(self) -> dict[str, int]:
        """Return the rows of each table by full name, with one request per page of names.

        Uncommitted rows of this transaction are included. {} if the database is missing.
        """
        try:
            bucket = self._tx.bucket(self._shared.database)
        except vast_errors.MissingBucket:
            return {}
        counts: dict[str, int] = {}
        for parent in bucket.schemas():
            after, more = 0, True
            while more:
                _, _, page, after, more, _ = self._shared.api.list_tables(
                    self._shared.database,
                    parent.name,
                    txid=self.number,
                    next_key=after,
                    include_list_stats=True,
                )
                counts |= {f"{parent.name}.{t.name}": int(t.num_rows) for t in page}
        return dict(sorted(counts.items()))

    def create(self, full_name: str) -> None:
        """Create one table of schema.py, and its schema if missing."""
        table = schema.table(full_name)
        schema_name = full_name.partition(".")[0]
        try:
            bucket = self._tx.bucket(self._shared.database)
        except vast_errors.MissingBucket:
            raise StoreError(
                f"database {self._shared.database!r} does not exist, so that it cannot "
                f"have {full_name}: its view is created by `orbital provision apply`"
            ) from None
        parent = bucket.schema(schema_name, fail_if_missing=False)
        parent = parent or bucket.create_schema(schema_name)
        parent.create_table(table.name, table.arrow, sorting_key=list(table.sort))
        self._shared.forget(full_name)
        self.arrange(full_name)

    def drop(self, full_name: str) -> None:
        """Drop one table with all its rows."""
        schema_name, _, name = full_name.partition(".")
        self._tx.bucket(self._shared.database).schema(schema_name).table(name).drop()
        self._shared.forget(full_name)

    def arrange(self, full_name: str) -> None:
        """Create the projections that schema.py declares for a table, if missing."""
        existing = self.projections(full_name, fresh=True)
        for projection in schema.table(full_name).projections:
            if projection.name not in existing:
                self.project(full_name, projection)

    def widen(self, full_name: str) -> None:
        """Add the columns of schema.py that the table lacks; null in existing rows."""
        schema_name, _, name = full_name.partition(".")
        table = self._tx.bucket(self._shared.database).schema(schema_name).table(name)
        existing = set(table.arrow_schema.names)
        missing = [f for f in schema.table(full_name).arrow if f.name not in existing]
        if missing:
            table.add_column(pa.schema(missing))
            self._shared.forget(full_name)

    def project(self, full_name: str, projection: Projection) -> None:
        """Create one projection; the database sorts it in the background."""
        schema_name, _, name = full_name.partition(".")
        table = self._tx.bucket(self._shared.database).schema(schema_name).table(name)
        unsorted = [n for n in table.arrow_schema.names if n not in projection.sort]
        table.create_projection(projection.name, list(projection.sort), unsorted)
        self._shared.projections.pop(full_name, None)

    def drop_projection(self, full_name: str, name: str) -> None:
        """Drop one projection; the table keeps all its rows."""
        self._table(full_name).projection(name, include_stats=False).drop()
        self._shared.projections.pop(full_name, None)

    def projections(
        self, full_name: str, *, fresh: bool = False
    ) -> dict[str, Projection]:
        """Return a table's projections by name, read again after a minute.

        The database reports the columns, the leading one first; the further sort
        columns are known only of those that layout.py declares.
        """
        cached = self._shared.projections.get(full_name)
        now = clock.monotonic()
        if cached is None or fresh or now - cached[0] > PROJECTIONS_SECONDS:
            declared = {p.name: p for p in layout(full_name).projections}
            by_name = {
                entry.name: declared.get(entry.name)
                or Projection(entry.name, (entry.columns().names[0],))
                for entry in self._table(full_name).projections(include_stats=False)
            }
            cached = self._shared.projections[full_name] = (now, by_name)
        return cached[1]

    def in_step(self, full_name: str, name: str) -> bool:
        """Whether the database has sorted all rows of a projection by now."""
        return bool(self._projection_stats(full_name, name)[-1] >= ALL_PERCENT)

    def in_order(self, full_name: str, name: str) -> bool:
        """Whether a projection is in step, and no part of it is still to be merged."""
        *_, to_sort, in_step = self._projection_stats(full_name, name)
        return bool(in_step >= ALL_PERCENT and to_sort == 0)

    def is_sorted(self, full_name: str) -> bool:
        """Whether the database has brought all rows into the table's own order."""
        return not self.sort_key(full_name) or self._table(full_name).sorting_done()

    def _projection_stats(self, full_name: str, name: str) -> tuple[int, ...]:
        """Return rows, bytes, and the shares to sort and in step, in percent."""
        schema_name, _, table = full_name.partition(".")
        stats: tuple[int, ...] = self._shared.api.get_projection_stats(
            self._shared.database, schema_name, table, name, txid=self.number
        )
        return stats

    def knows(self, full_name: str) -> bool:
        """Whether the table's metadata is loaded in this session."""
        return full_name in self._shared.metadata

    def has(self, full_name: str) -> bool:
        """Whether the database has the table."""
        try:
            self._load(full_name)
        except StoreError:
            return False
        return True

    def columns(self, full_name: str) -> frozenset[str]:
        """Return the names of the table's columns, fewer than schema.py's if older."""
        return frozenset(self._load(full_name).arrow_schema.names)

    def sort_key(self, full_name: str) -> tuple[str, ...]:
        """Return the columns the database sorts the table by."""
        return _sort_key(self._load(full_name))

    def _table(self, full_name: str) -> Any:
        return self._tx.table_from_metadata(self._load(full_name))

    def _load(self, full_name: str) -> TableMetadata:
        cache = self._shared.metadata
        if full_name not in cache:
            schema_name, _, name = full_name.partition(".")
            metadata = Metadata(TableRef(self._shared.database, schema_name, name))
            try:
                metadata.load(self._tx)
            except vast_errors.NotFound as error:
                raise StoreError(
                    f"the database {self._shared.database!r} has no table {full_name!r}: "
                    "`orbital provision apply` creates all tables"
                ) from error
            cache[full_name] = metadata
        return cache[full_name]


def _sort_key(metadata: TableMetadata) -> tuple[str, ...]:
    if metadata.table_type is not TableType.Elysium:
        return ()
    return tuple(field.name for field in metadata.sorted_columns)
