"""The rule for rows that several files repeat: one row a key, a newer one updates it.

Tables with a key (an ObsID, a catalogue's source) keep one row a key. Rows that say the
same stand as they are; a row that differs takes the place of the stored one, and what
comes later is the newer. Observations stand in logs of several kinds: where the kind
differs, cells the newer log does not know stay as the older one told them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from orbital_kernel import schema
from orbital_kernel.frames import frame_of
from orbital_kernel.predicate import Clause, Equal, Null, Value

if TYPE_CHECKING:
    from orbital_kernel.store import Transaction

KEYS_A_REQUEST = 2_000
SCAN_ROWS_A_KEY = 100
"""Reading a hundred rows costs about what asking for one key costs (measured)."""
FEW_SCOPES = 50
PROVENANCE = tuple(column.name for column in schema.PROVENANCE)
KIND = "log"


@dataclass(frozen=True)
class Put:
    """What came of some rows: counts, the rows written, and how many were repeated."""

    inserted: int
    updated: int
    unchanged: int
    written: pa.Table
    repeated: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The counts the ledger keeps."""
        return {
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
        }


def put(tx: "Transaction", full_name: str, rows: pa.Table) -> Put:
    """Write rows of a table with a key: only what is new or different."""
    table = schema.table(full_name)
    rows = schema.conform(rows, table)
    fresh = frame_of(rows).unique(table.key, keep="last", maintain_order=True)
    stored = _stored(tx, full_name, table, fresh)
    both = fresh.join(
        stored, on=table.key, how="left", suffix="_stored", nulls_equal=True
    )
    both = _completed(both, table)
    known = both.filter(pl.col(tx.row_id).is_not_null())
    changed = known.filter(_differs(table))
    tx.delete_rows(full_name, changed.select(tx.row_id).to_arrow())
    new = both.filter(pl.col(tx.row_id).is_null())
    columns = [column.name for column in table.columns]
    written = pl.concat([new.select(columns), changed.select(columns)])
    conformed = schema.conform(written.to_arrow(), table)
    tx.insert(full_name, conformed)
    return Put(
        len(new),
        len(changed),
        len(known) - len(changed),
        conformed,
        len(rows) - len(fresh),
    )


def _content(table: schema.Table) -> list[str]:
    return [c.name for c in table.columns if c.name not in (*PROVENANCE, *table.key)]


def _differs(table: schema.Table) -> pl.Expr:
    return pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_stored")) for name in _content(table)
    )


def _completed(both: pl.DataFrame, table: schema.Table) -> pl.DataFrame:
    """Fill cells a log of another kind does not know with what is stored."""
    content = _content(table)
    if KIND not in content:
        return both
    other_kind = pl.col(KIND).ne_missing(pl.col(f"{KIND}_stored"))
    return both.with_columns(
        pl.when(other_kind)
        .then(pl.coalesce(name, f"{name}_stored"))
        .otherwise(pl.col(name))
        .alias(name)
        for name in content
    )


def _stored(
    tx: "Transaction", full_name: str, table: schema.Table, fresh: pl.DataFrame
) -> pl.DataFrame:
    """Return the rows already stored under these keys, with their row ids."""
    held = tx.rows(full_name)
    nothing = fresh.clear().with_columns(pl.lit(None, pl.UInt64).alias(tx.row_id))
    if not held or not len(fresh):
        return nothing
    keys = fresh.select(table.key)
    found = [
        batch.join(keys, on=table.key, how="semi", nulls_equal=True)
        for batch in _candidates(tx, full_name, table, fresh, held)
    ]
    return pl.concat(found) if found else nothing


def _candidates(
    tx: "Transaction",
    full_name: str,
    table: schema.Table,
    fresh: pl.DataFrame,
    held: int,
) -> Iterator[pl.DataFrame]:
    """Yield stored rows among which all of these keys are, by the cheaper way."""
    *scope, leading = table.key[:2]
    scopes = [_any_of(name, fresh[name]) for name in scope]
    scopes = [clause for clause in scopes if len(clause.any_of) <= FEW_SCOPES]
    values = fresh[leading].unique(maintain_order=True)
    if held <= SCAN_ROWS_A_KEY * len(values):
        for batch in tx.stream(full_name, scopes, row_ids=True):
            yield frame_of(pa.Table.from_batches([batch]))
        return
    for start in range(0, len(values), KEYS_A_REQUEST):
        some = _any_of(leading, values[start : start + KEYS_A_REQUEST])
        yield frame_of(tx.select(full_name, [some, *scopes], row_ids=True))


def _any_of(name: str, values: pl.Series) -> Clause:
    given: Sequence[Value] = values.drop_nulls().unique(maintain_order=True).to_list()
    terms = tuple(map(Equal, given))
    return Clause(name, (*terms, Null()) if values.null_count() else terms)
