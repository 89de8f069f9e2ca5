"""Contents whose rows are to be compared with earlier ones, noted as they are written."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from orbital_kernel.ingest.report import FileReport
from orbital_kernel.model import schema

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

TABLE = "ops.comparisons"
COMPARED = ("sources", "photometry")


def note_due(tx: "Transaction", reports: Sequence[FileReport], now: datetime) -> None:
    """Note the contents that bring sources or photometry, in the same transaction."""
    rows = [
        {
            "noted": now,
            "sha256": report.sha256,
            "observatory": report.observatory,
            "state": "due",
            "files": 1,
            "rows": number,
        }
        for report in reports
        if report.state == "ingested" and (number := _rows(report))
    ]
    if rows:
        columns = schema.table(TABLE).arrow
        tx.insert(TABLE, pa.Table.from_pylist(rows, schema=columns))


def _rows(report: FileReport) -> int:
    return sum(
        counts.get("inserted", 0) + counts.get("updated", 0)
        for table, counts in report.tables.items()
        if table.partition(".")[2] in COMPARED
    )
