"""Rows read and written in one open transaction."""

import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa
from vastdb.config import QueryConfig
from vastdb.transaction import Transaction as VendorTransaction

from orbital_kernel.database.client import NO_TRANSACTION
from orbital_kernel.database.definitions import Definitions
from orbital_kernel.database.pushdown import pushed
from orbital_kernel.database.shared import Shared
from orbital_kernel.model import schema
from orbital_kernel.model.constant_columns import without_runs
from orbital_kernel.model.observatory_tables import OPTIONAL
from orbital_kernel.model.predicate import Clause

LOG = logging.getLogger(__name__)
ROW_ID = "$row_id"
SLICE_BYTES = 4_600_000
SLICE_ROWS = 500_000
ROWS_A_SPLIT = 4_000_000
MOST_ROWS_ALONE = 1 << 20


class Transaction(Definitions):
    """One open transaction on the store's database."""

    row_id = ROW_ID

    def __init__(self, shared: Shared, tx: Any) -> None:
        super().__init__(shared, tx)
        self.splits = 0
        """How many parts the selects were cut into so far."""

    def insert(self, full_name: str, rows: pa.Table) -> int:
        """Insert rows of schema.py's columns; return how many the database took."""
        table = schema.table(full_name)
        rows = _filled(schema.conform(rows, table), table.sort)
        rows = self.storable(full_name, rows)
        target = self._table(full_name)
        return sum(
            len(target.insert(batch))
            for whole in without_runs(rows).combine_chunks().to_batches()
            for batch in _slices(whole)
        )

    def storable(self, full_name: str, rows: pa.Table) -> pa.Table:
        """Return the rows without the new columns that an older database's table lacks."""
        lacking = set(rows.column_names) - self.columns(full_name)
        if not lacking or not lacking <= OPTIONAL:
            return rows
        LOG.warning(
            "%s has no column %s, which is not stored: run `orbital provision apply`, then "
            "ingest the files again",
            full_name,
            ", ".join(sorted(lacking)),
        )
        return rows.drop_columns(sorted(lacking))

    def import_objects(self, full_name: str, objects: Sequence[str]) -> None:
        """Import Parquet objects ('bucket/key') with this table's columns."""
        self._table(full_name).import_files([f"/{name}" for name in objects])

    def delete(self, full_name: str, clauses: Sequence[Clause]) -> int:
        """Delete the rows the clauses select; return how many."""
        doomed = self.select(full_name, clauses, columns=(), row_ids=True)
        if len(doomed):
            self._table(full_name).delete(doomed)
        return len(doomed)

    def delete_rows(self, full_name: str, row_ids: pa.Table) -> None:
        """Delete rows by their ids, from a select with `row_ids`."""
        if len(row_ids):
            self._table(full_name).delete(row_ids.select([ROW_ID]))

    def rows(self, full_name: str) -> int:
        """Return how many rows the table holds, uncommitted ones included."""
        table = self._table(full_name)
        table.reload_stats()
        return int(table.stats.num_rows)

    def estimate(self, full_name: str, clauses: Sequence[Clause]) -> int | None:
        """Return how many rows the server would open; None for unsorted tables.

        Whole row groups are counted, as the SDK does to plan its splits.
        """
        if not self.sort_key(full_name) or not clauses:
            return None
        table = self._table(full_name)
        return int(
            table._get_elysium_row_estimate(  # noqa: SLF001 the SDK's own question
                [clauses[0].column], pushed(table, clauses), table.arrow_schema
            )
        )

    def select(
        self,
        full_name: str,
        clauses: Sequence[Clause] = (),
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        row_ids: bool = False,
        query_id: str = "",
        projection: str | None = None,
        alone: bool = False,
    ) -> pa.Table:
        """Return the rows that all clauses hold for, evaluated by the server.

        Parameters as in `stream`. A selective query without a limit is read in this
        thread, in one split; `alone` says that this transaction reads nothing else.
        """
        if not clauses or limit is not None:
            return self.stream(
                full_name,
                clauses,
                columns=columns,
                limit=limit,
                row_ids=row_ids,
                query_id=query_id,
                projection=projection,
            ).read_all()
        schema_, batches = self._at_once(
            full_name,
            clauses,
            columns=columns,
            row_ids=row_ids,
            query_id=query_id,
            projection=projection,
            alone=alone,
        )
        return pa.Table.from_batches(batches, schema_)

    def count(
        self,
        full_name: str,
        clauses: Sequence[Clause],
        *,
        query_id: str = "",
        projection: str | None = None,
        alone: bool = False,
    ) -> int:
        """Return how many rows the clauses hold for, without their values."""
        _, batches = self._at_once(
            full_name,
            clauses,
            columns=(),
            query_id=query_id,
            projection=projection,
            alone=alone,
        )
        return sum(map(len, batches))

    def stream(
        self,
        full_name: str,
        clauses: Sequence[Clause] = (),
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        row_ids: bool = False,
        query_id: str = "",
        projection: str | None = None,
    ) -> pa.RecordBatchReader:
        """Return the same as `select`, batch by batch, while the transaction is open.

        `query_id` is the id to call `Store.read_counts` with afterwards. `projection`
        is the one to read; "" reads the table, None leaves the choice to the server.
        """
        table = self._table(full_name)
        if limit == 0:
            names = table.arrow_schema.names if columns is None else columns
            fields = [table.arrow_schema.field(name) for name in names]
            return pa.RecordBatchReader.from_batches(pa.schema(fields), [])
        splits = 1
        if not clauses:
            table.reload_stats()
            splits = max(1, int(table.stats.num_rows) // ROWS_A_SPLIT)
        self.splits += splits
        return table.select(
            columns=None if columns is None else list(columns),
            predicate=pushed(table, clauses),
            config=_config(query_id, projection, splits, 1 if clauses else 4),
            limit_rows=limit,
            internal_row_id=row_ids,
        )

    def _at_once(
        self,
        full_name: str,
        clauses: Sequence[Clause],
        *,
        columns: Sequence[str] | None = None,
        row_ids: bool = False,
        query_id: str = "",
        projection: str | None = None,
        alone: bool = False,
    ) -> tuple[pa.Schema, list[pa.RecordBatch]]:
        """Return all batches of one split, read in this thread.

        With `alone` a single request that is answered in full needs no transaction.
        """
        config = _config(query_id, projection)
        self.splits += 1

        def read(
            table: Any, config: QueryConfig
        ) -> tuple[pa.Schema, list[pa.RecordBatch]]:
            (reader,) = table.select_splits(
                columns=None if columns is None else list(columns),
                predicate=pushed(table, clauses),
                config=config,
                internal_row_id=row_ids,
            )
            return reader.schema, list(reader)

        api = self._shared.api
        answer: tuple[pa.Schema, list[pa.RecordBatch]]
        if alone and self._shared.answers_alone:
            one_page = replace(config, limit_rows_per_sub_split=MOST_ROWS_ALONE)
            with api.asked_as(query_id), self._shared.first_page(query_id):
                answer = api.retried(partial(read, self._alone(full_name), one_page))
                return answer
        with api.asked_as(query_id):
            answer = api.retried(partial(read, self._table(full_name), config))
            return answer

    def _alone(self, full_name: str) -> Any:
        """Return a table that is read without a transaction."""
        none = VendorTransaction(self._tx._rpc, self._tx._session_context)  # noqa: SLF001
        none.txid = NO_TRANSACTION
        return none.table_from_metadata(self._load(full_name))


def _config(
    query_id: str, projection: str | None, splits: int = 1, sub_splits: int = 1
) -> QueryConfig:
    return QueryConfig(
        query_id=query_id or uuid.uuid4().hex,
        num_sub_splits=sub_splits,
        num_splits=splits,
        use_semi_sorted_projections=projection != "",
        semi_sorted_projection_name=projection or None,
    )


def _filled(rows: pa.Table, sort: tuple[str, ...]) -> pa.Table:
    """Drop columns without any value: the database has null in them anyway."""
    names = [
        n for n in rows.column_names if rows[n].null_count < len(rows) or n in sort
    ]
    return rows.select(names or rows.column_names[:1])


def _slices(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut rows into batches that fit one request, so that an insert is one call."""
    count = max(1, -(-rows.nbytes // SLICE_BYTES), -(-len(rows) // SLICE_ROWS))
    step = -(-len(rows) // count)
    for start in range(0, len(rows), step):
        yield rows.slice(start, step)
