"""What was written of one parsed file, and which of its rows were excluded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from orbital_kernel.ingest import versions
from orbital_kernel.ingest.checksum import Sum, sum_of
from orbital_kernel.ingest.due import Cells, cells_of
from orbital_kernel.ingest.files import shown
from orbital_kernel.ingest.items import End, Kinds, Refusal, Rows
from orbital_kernel.ingest.offered import Offered
from orbital_kernel.ingest.report import FileReport
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause

if TYPE_CHECKING:
    from orbital_kernel.ingest.overlap import Put

NAMED = 3
"""So many keys are named in a report."""


@dataclass
class Parsed:
    """A file read to its end: its rows, if few enough to keep in memory, and its account."""

    offered: Offered
    outcome: End | Refusal
    rows: Sequence[Rows] = ()


@dataclass
class Tally:
    """The rows of one file that were written, table by table, and those excluded."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    spans: dict[str, list[Clause]] = field(default_factory=dict)
    before: dict[str, pl.DataFrame] = field(default_factory=dict)
    """Keys of the rows stored before in tables with a key, less those written again."""
    kinds: Kinds = frozenset()
    """Simulated or real, according to its rows."""
    curves: dict[str, set[str]] = field(default_factory=dict)
    """Identities of its curves by table (versions.py)."""
    twins: dict[str, dict[str, int]] = field(default_factory=dict)
    """Rows not written whose key another row of the file has with other cells, by key."""
    replaced: dict[str, int] = field(default_factory=dict)
    superseded: dict[str, int] = field(default_factory=dict)
    """Its rows, by table, that a later version of a curve replaced."""
    places: dict[str, int] = field(default_factory=dict)
    """Its points of light curves by the source of their position."""
    cells: list[Cells] = field(default_factory=list)
    """HEALPix ranges of rows to compare, part by part."""

    def add(self, table: str, counts: Mapping[str, int], rows: pa.Table) -> None:
        """Add rows that were written to one table."""
        totals = self.counts.setdefault(
            table, {"inserted": 0, "updated": 0, "unchanged": 0}
        )
        for state, number in counts.items():
            totals[state] += number
        self.sums[table] = self.sums.get(table, Sum()) + sum_of(rows)
        self.cells += cells_of(table, rows)
        kind = versions.kind_of(table)
        if kind in versions.CURVES and len(rows):
            curves = self.curves.setdefault(table, set())
            curves |= versions.curves_of(kind, rows)

    def add_put(self, table: str, done: "Put", rows: pa.Table) -> None:
        """Add rows put into a table with a key, and why others of them were not."""
        self.add(table, done.counts, done.written)
        if done.withdrawn is not None:
            self.withdraw(table, done.withdrawn)
        self.twins[table] = added(self.twins.get(table, {}), done.twins)
        keys = schema.table(table).key
        excluded = {
            f"repeated with the same {', '.join(keys)} and cells": done.repeated,
            "superseded by a file ingested later": done.outdated,
        }
        self.exclude({why: n for why, n in excluded.items() if n})
        self.restore(table, frame_of(rows.select(list(keys))))

    def exclude(self, reasons: Mapping[str, int]) -> None:
        """Count rows that were not written, by reason."""
        self.skipped = added(self.skipped, reasons)

    def withdraw(self, table: str, rows: pa.Table) -> None:
        """Take back rows that were written to a table with a key."""
        self.sums[table] = self.sums[table] - sum_of(rows)

    def replace(self, reason: str, rows: int) -> None:
        """Count stored rows that this file's rows replaced."""
        self.replaced = added(self.replaced, {reason: rows})

    def supersede(self, rows: Mapping[str, int], sums: Mapping[str, Sum]) -> None:
        """Note how many of the file's rows were replaced, and what remains, by table."""
        self.superseded = added(self.superseded, rows)
        self.sums |= sums

    def restore(self, table: str, keys: pl.DataFrame) -> None:
        """Note keys of a table that the file has now and may have had before."""
        if table in self.before:
            self.before[table] = self.before[table].join(
                keys, on=keys.columns, how="anti", nulls_equal=True
            )

    def excluded(self, by_reader: Mapping[str, int]) -> dict[str, int]:
        """Return the number of rows excluded, by reason, and of keys no longer in the file."""
        lost = {
            f"no longer in {table}; if an older file has them too, ingest it with "
            "--replace": len(keys)
            for table, keys in self.before.items()
            if len(keys)
        }
        twins = {
            _twins_reason(table, rows): sum(rows.values())
            for table, rows in self.twins.items()
            if rows
        }
        return added(added(added(by_reader, self.skipped), lost), twins)


def _twins_reason(table: str, rows: Mapping[str, int]) -> str:
    names = ", ".join(list(rows)[:NAMED])
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    keys = ", ".join(schema.table(table).key)
    return f"repeated with the same {keys} and other cells, the last is stored: {names}{more}"


def report_of(file: Parsed, tally: Tally) -> FileReport:
    """Return the report on a file, given what was written of it."""
    offered, outcome = file.offered, file.outcome
    if isinstance(outcome, Refusal):
        return FileReport(
            shown(offered.path),
            outcome.format,
            None,
            "refused",
            0,
            reason=outcome.reason,
            sha256=offered.sha256 or None,
            offset=outcome.offset,
            size_bytes=offered.size,
        )
    written = sum(c["inserted"] + c["updated"] for c in tally.counts.values())
    return FileReport(
        shown(offered.path),
        outcome.format,
        outcome.observatory,
        "ingested",
        written,
        tables=tally.counts,
        skipped=tally.excluded(outcome.skipped),
        replaced=dict(tally.replaced),
        places=dict(tally.places),
        sha256=offered.sha256,
        seconds=round(outcome.seconds, 3),
        size_bytes=offered.size,
        understood=outcome.understood,
    )


def added(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of both, by reason."""
    return {
        reason: first.get(reason, 0) + second.get(reason, 0)
        for reason in (*first, *second)
    }
