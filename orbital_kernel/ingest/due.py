"""Contents whose rows are to be compared with earlier ones, noted as they are written."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from orbital_kernel.ingest.report import FileReport
from orbital_kernel.model import schema
from orbital_kernel.model.ops_tables import CELLS, COMPARED

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

TABLE = "ops.comparisons"
POINTS = "photometry"
Cells = tuple[int, int] | None
"""First and last HEALPix index of rows; None if it is not known of all of them."""


class Placed(Protocol):
    """Where the rows of a content are."""

    @property
    def cells(self) -> Cells:
        """The range of their HEALPix indices."""


def cells_of(table: str, rows: pa.Table) -> Sequence[Cells]:
    """Return the range of the places of rows just written, if they are to be compared.

    That of points is not known: they may get their place later, with their object's.
    """
    kind = table.partition(".")[2]
    if kind not in COMPARED or not len(rows):
        return ()
    if kind == POINTS or rows["healpix"].null_count:
        return (None,)
    ends = pc.min_max(rows["healpix"])
    return ((ends["min"].as_py(), ends["max"].as_py()),)


def joint(parts: Sequence[Cells]) -> Cells:
    """Return the range of all parts; None if that of one is not known."""
    stated = [part for part in parts if part is not None]
    if not stated or len(stated) < len(parts):
        return None
    return min(low for low, _ in stated), max(high for _, high in stated)


def note_due(
    tx: "Transaction", files: Sequence[tuple[FileReport, Placed]], now: datetime
) -> None:
    """Note the contents that bring sources or photometry, in the same transaction."""
    rows = [
        {
            "noted": now,
            "sha256": report.sha256,
            "observatory": report.observatory,
            "state": "due",
            "files": 1,
            "rows": number,
            "account": json.dumps({CELLS: noted.cells}) if noted.cells else None,
        }
        for report, noted in files
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
