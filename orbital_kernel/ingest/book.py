"""What was written and left out of one file, as the ledger will tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from orbital_kernel.ingest.checksum import Sum, sum_of
from orbital_kernel.ingest.purity import Kinds
from orbital_kernel.model.predicate import Clause


@dataclass
class Book:
    """What was written of one file, table by table."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    spans: dict[str, list[Clause]] = field(default_factory=dict)
    before: dict[str, pl.DataFrame] = field(default_factory=dict)
    """Keys of the rows it had in tables with a key, less those it has again."""
    kinds: Kinds = frozenset()
    """Simulated or real, by its rows."""

    def enter(self, table: str, counts: Mapping[str, int], rows: pa.Table) -> None:
        """Add rows that were written to one table."""
        totals = self.counts.setdefault(
            table, {"inserted": 0, "updated": 0, "unchanged": 0}
        )
        for what, number in counts.items():
            totals[what] += number
        self.sums[table] = self.sums.get(table, Sum()) + sum_of(rows)

    def leave_out(self, reasons: Mapping[str, int]) -> None:
        """Count rows that were not written, by reason."""
        self.skipped = _added(self.skipped, reasons)

    def has_again(self, table: str, keys: pl.DataFrame) -> None:
        """Note keys of a table that the file has now, as it may have had before."""
        if table in self.before:
            self.before[table] = self.before[table].join(
                keys, on=keys.columns, how="anti", nulls_equal=True
            )

    def left_out(self, by_reader: Mapping[str, int]) -> dict[str, int]:
        """Return all that was left out, by reason, with the keys the file has no more."""
        lost = {
            f"no longer in {table}; where an older file has them too, ingest that one with "
            "--replace": len(keys)
            for table, keys in self.before.items()
            if len(keys)
        }
        return _added(_added(by_reader, self.skipped), lost)


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {k: one.get(k, 0) + other.get(k, 0) for k in (*one, *other)}
