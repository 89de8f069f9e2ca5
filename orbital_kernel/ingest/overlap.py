"""The rule for rows that several files repeat: one row a key, a newer one updates it.

Tables with a key (an ObsID, a catalogue's source) keep one row a key. Rows that say the
same stand as they are; a row that differs takes the place of the stored one, and what
comes later is the newer. Observations stand in logs of several kinds: where the kind
differs, cells the newer log does not know stay as the older one told them. A file that
is read anew keeps its age: rows of files that came after it stand.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal, Null, Value

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

KEYS_A_REQUEST = 2_000
SCAN_ROWS_A_KEY = 100
"""Reading a hundred rows costs about what asking for one key costs (measured)."""
FEW_SCOPES = 50
PROVENANCE = tuple(column.name for column in schema.PROVENANCE)
KIND = "log"
FILE = "file_sha256"
STANDS = "$stands"
OTHER = "$other_kind"


@dataclass(frozen=True)
class Put:
    """What came of some rows: counts, the rows written as theirs, those left out.

    `repeated` have a key that comes again in the same rows, `outdated` one that a newer
    file has told otherwise.
    """

    inserted: int
    updated: int
    unchanged: int
    written: pa.Table
    repeated: int = 0
    outdated: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The counts the ledger keeps."""
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
    """Write rows of a table with a key: only what is new or different.

    Stored rows of the files `newer` (SHA-256) stand, at most completed.
    """
    table = schema.table(full_name)
    rows = schema.conform(rows, table)
    fresh = frame_of(rows).unique(table.key, keep="last", maintain_order=True)
    stored = _stored(tx, full_name, table, fresh)
    both = fresh.join(
        stored, on=table.key, how="left", suffix="_stored", nulls_equal=True
    )
    stands = pl.col(f"{FILE}_stored").is_in(list(newer)).fill_null(value=False)
    both = both.with_columns(stands.alias(STANDS))
    outdated = len(both.filter(pl.col(STANDS) & _differs(table)))
    both = _completed(both, table)
    known = both.filter(pl.col(tx.row_id).is_not_null())
    changed = known.filter(_differs(table))
    tx.delete_rows(full_name, changed.select(tx.row_id).to_arrow())
    columns = [column.name for column in table.columns]
    new = both.filter(pl.col(tx.row_id).is_null()).select(columns)
    mine = changed.filter(~pl.col(STANDS)).select(columns)
    theirs = changed.filter(STANDS).select(columns)
    written = schema.conform(pl.concat([new, mine]).to_arrow(), table)
    tx.insert(full_name, written)
    if len(theirs):
        tx.insert(full_name, schema.conform(theirs.to_arrow(), table))
    return Put(
        len(new),
        len(mine),
        len(known) - len(mine),
        written,
        len(rows) - len(fresh),
        outdated,
    )


def _content(table: schema.Table) -> list[str]:
    return [c.name for c in table.columns if c.name not in (*PROVENANCE, *table.key)]


def _differs(table: schema.Table) -> pl.Expr:
    return pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_stored")) for name in _content(table)
    )


def _completed(both: pl.DataFrame, table: schema.Table) -> pl.DataFrame:
    """Fill cells a log of another kind does not know; what stands is only filled."""
    content = _content(table)
    other_kind = pl.lit(value=False)
    if KIND in content:
        other_kind = pl.col(KIND).ne_missing(pl.col(f"{KIND}_stored"))
    both = both.with_columns(other_kind.alias(OTHER))

    def cell(name: str) -> pl.Expr:
        ours, stored = pl.col(name), pl.col(f"{name}_stored")
        filled = pl.when(STANDS).then(pl.coalesce(stored, ours))
        return filled.otherwise(pl.coalesce(ours, stored))

    return both.with_columns(
        *(
            pl.when(OTHER)
            .then(cell(name))
            .when(STANDS)
            .then(pl.col(f"{name}_stored"))
            .otherwise(pl.col(name))
            .alias(name)
            for name in content
        ),
        *(
            pl.when(STANDS).then(pl.col(f"{name}_stored")).otherwise(name).alias(name)
            for name in PROVENANCE
        ),
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
