"""Rows of a file with all columns of their table, and the file they are from."""

import pyarrow as pa

from orbital_kernel.ingest.checksum import SHA
from orbital_kernel.ingest.items import Rows
from orbital_kernel.model import schema
from orbital_kernel.model.constant_columns import repeated, without_runs


def stamped(item: Rows, sha256: str, *, runs: bool = False) -> pa.Table:
    """Return the rows with their file; constant columns as runs only where these may be."""
    table, file = schema.table(item.table), pa.scalar(sha256)
    rows = item.data if runs else without_runs(item.data)
    if SHA in {column.name for column in table.columns}:
        repeat = repeated if runs else pa.repeat
        rows = rows.append_column(SHA, repeat(file, len(rows)))
    return schema.conform(rows, table)
