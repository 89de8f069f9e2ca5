"""The rule for rows that several files repeat: one row per key, updated by newer files.

Tables with a key (an ObsID, a catalogue's source) store one row per key. Equal rows
remain; a row that differs replaces the stored one, and the file ingested later is the
newer. Observations are listed in logs of several kinds: if the kind differs, cells that
are empty in the newer log keep the value of the older one. A file that is read again
keeps its age: rows of files ingested after it remain.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal, Null, Value

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

KEYS_PER_REQUEST = 2_000
SCAN_ROWS_PER_KEY = 100
"""Reading a hundred rows costs about what selecting one key costs (measured)."""
FEW_SCOPES = 50
PROVENANCE = tuple(column.name for column in schema.PROVENANCE)
KIND = "log"
FILE = "file_sha256"
REMAINS = "$remains"
OTHER = "$other_kind"


@dataclass(frozen=True)
class Put:
    """The outcome for some rows: counts, the rows written, and those excluded.

    `repeated` rows are again in the same file with equal cells; `twins` counts rows whose
    key is again in the same file with other cells, of which the last is written, by key.
    `outdated` rows are superseded by a newer file. `withdrawn` are rows that the same
    file wrote before, in place of which others are written.
    """

    inserted: int
    updated: int
    unchanged: int
    written: pa.Table
    repeated: int = 0
    outdated: int = 0
    twins: Mapping[str, int] = field(default_factory=dict)
    withdrawn: pa.Table | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The counts that the ledger stores."""
        return {
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
        }


def put(
    tx: "Transaction",
    full_name: str,
    rows: pa.Table,
    *,
    newer: Collection[str] = (),
) -> Put:
    """Write rows of a table with a key: only those that are new or different.

    Stored rows of the files `newer` (SHA-256) remain; only empty cells are filled.
    """
    table = schema.table(full_name)
    rows = schema.conform(rows, table)
    every = frame_of(rows)
    fresh = every.unique(table.key, keep="last", maintain_order=True)
    stored = _stored(tx, full_name, table, fresh)
    joined = fresh.join(
        stored, on=table.key, how="left", suffix="_stored", nulls_equal=True
    )
    remains = pl.col(f"{FILE}_stored").is_in(list(newer)).fill_null(value=False)
    joined = joined.with_columns(remains.alias(REMAINS))
    outdated = len(joined.filter(pl.col(REMAINS) & _differs(table)))
    joined = _completed(joined, table)
    matched = joined.filter(pl.col(tx.row_id).is_not_null())
    changed = matched.filter(_differs(table))
    tx.delete_rows(full_name, changed.select(tx.row_id).to_arrow())
    columns = [column.name for column in table.columns]
    new = joined.filter(pl.col(tx.row_id).is_null()).select(columns)
    updated = changed.filter(~pl.col(REMAINS)).select(columns)
    completed = changed.filter(REMAINS).select(columns)
    own = (pl.col(FILE) == pl.col(f"{FILE}_stored")).fill_null(value=False)
    own &= ~pl.col(REMAINS)
    again, others = matched.filter(own), changed.filter(own)
    written = schema.conform(pl.concat([new, updated]).to_arrow(), table)
    tx.insert(full_name, written)
    if len(completed):
        tx.insert(full_name, schema.conform(completed.to_arrow(), table))
    return Put(
        len(new),
        len(updated) - len(others),
        len(matched) - len(updated) - (len(again) - len(others)),
        written,
        _equal_twins(every, table) + len(again) - len(others),
        outdated,
        _differing_twins(every, others, table),
        _stored_rows(others, table) if len(others) else None,
    )


def _equal_twins(rows: pl.DataFrame, table: schema.Table) -> int:
    """Return how many rows repeat another row's key and cells."""
    if rows.select(table.key).is_unique().all():
        return 0
    return len(rows) - len(rows.unique([*table.key, *_content(table)]))


def _differing_twins(
    rows: pl.DataFrame, others: pl.DataFrame, table: schema.Table
) -> dict[str, int]:
    """Return how many rows of each key have other cells than the row that is written."""
    keys = rows.select(table.key)
    rows = rows.filter(keys.is_duplicated())
    different = rows.unique([*table.key, *_content(table)], maintain_order=True)
    counts = different.group_by(table.key, maintain_order=True).len()
    repeated = counts.filter(pl.col("len") > 1).with_columns(pl.col("len") - 1)
    again = others.select(table.key).with_columns(pl.lit(1, pl.UInt32).alias("len"))
    twins: dict[str, int] = {}
    for row in pl.concat([repeated, again]).iter_rows():
        name = " ".join(str(cell) for cell in row[:-1] if cell is not None)
        twins[name] = twins.get(name, 0) + row[-1]
    return twins


def _stored_rows(joined: pl.DataFrame, table: schema.Table) -> pa.Table:
    """Return the stored side of rows joined with stored rows."""
    names = [column.name for column in table.columns if column.name not in table.key]
    stored = joined.select(*table.key, *(pl.col(f"{n}_stored").alias(n) for n in names))
    return schema.conform(stored.to_arrow(), table)


def _content(table: schema.Table) -> list[str]:
    return [c.name for c in table.columns if c.name not in (*PROVENANCE, *table.key)]


def _differs(table: schema.Table) -> pl.Expr:
    return pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_stored")) for name in _content(table)
    )


def _completed(joined: pl.DataFrame, table: schema.Table) -> pl.DataFrame:
    """Fill empty cells from a log of another kind; rows that remain change only there."""
    content = _content(table)
    other_kind = pl.lit(value=False)
    if KIND in content:
        other_kind = pl.col(KIND).ne_missing(pl.col(f"{KIND}_stored"))
    joined = joined.with_columns(other_kind.alias(OTHER))

    def cell(name: str) -> pl.Expr:
        ours, stored = pl.col(name), pl.col(f"{name}_stored")
        filled = pl.when(REMAINS).then(pl.coalesce(stored, ours))
        return filled.otherwise(pl.coalesce(ours, stored))

    return joined.with_columns(
        *(
            pl.when(OTHER)
            .then(cell(name))
            .when(REMAINS)
            .then(pl.col(f"{name}_stored"))
            .otherwise(pl.col(name))
            .alias(name)
            for name in content
        ),
        *(
            pl.when(REMAINS).then(pl.col(f"{name}_stored")).otherwise(name).alias(name)
            for name in PROVENANCE
        ),
    )


def _stored(
    tx: "Transaction", full_name: str, table: schema.Table, fresh: pl.DataFrame
) -> pl.DataFrame:
    """Return the rows already stored under these keys, with their row ids."""
    row_count = tx.rows(full_name)
    nothing = fresh.clear().with_columns(pl.lit(None, pl.UInt64).alias(tx.row_id))
    if not row_count or not len(fresh):
        return nothing
    keys = fresh.select(table.key)
    clauses = _scopes(table, fresh)
    if row_count <= SCAN_ROWS_PER_KEY * keys[_leading(table)].n_unique():
        if not _has_any(tx, full_name, clauses, keys):
            return nothing
        batches = _frames(tx.stream(full_name, clauses, row_ids=True))
    else:
        batches = _by_keys(tx, full_name, clauses, keys[_leading(table)])
    parts = [
        batch.join(keys, on=table.key, how="semi", nulls_equal=True)
        for batch in batches
    ]
    return pl.concat(parts) if parts else nothing


def _has_any(
    tx: "Transaction", full_name: str, clauses: Sequence[Clause], keys: pl.DataFrame
) -> bool:
    """Return whether a key is stored: read by itself, it is little beside its rows."""
    stored = _frames(tx.stream(full_name, clauses, columns=keys.columns))
    joined = (
        batch.join(keys, on=keys.columns, how="semi", nulls_equal=True)
        for batch in stored
    )
    return sum(map(len, joined)) > 0


def _leading(table: schema.Table) -> str:
    return table.key[:2][-1]


def _scopes(table: schema.Table, fresh: pl.DataFrame) -> list[Clause]:
    """Return clauses on what the keys are in, a catalogue, if they are in few."""
    clauses = [_any_of(name, fresh[name]) for name in table.key[:2][:-1]]
    return [clause for clause in clauses if len(clause.any_of) <= FEW_SCOPES]


def _frames(batches: Iterable[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    for batch in batches:
        yield frame_of(pa.Table.from_batches([batch]))


def _by_keys(
    tx: "Transaction", full_name: str, clauses: Sequence[Clause], keys: pl.Series
) -> Iterator[pl.DataFrame]:
    """Yield stored rows that include all of these keys, selected some at a time."""
    values = keys.unique(maintain_order=True)
    for start in range(0, len(values), KEYS_PER_REQUEST):
        portion = _any_of(keys.name, values[start : start + KEYS_PER_REQUEST])
        yield frame_of(tx.select(full_name, [portion, *clauses], row_ids=True))


def _any_of(name: str, values: pl.Series) -> Clause:
    given: Sequence[Value] = values.drop_nulls().unique(maintain_order=True).to_list()
    terms = tuple(map(Equal, given))
    return Clause(name, (*terms, Null()) if values.null_count() else terms)
