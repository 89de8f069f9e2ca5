"""Derived tables: of imported objects and of partitions."""

from dataclasses import replace

import pyarrow as pa

from vast_standin.engine.memory import table_of
from vast_standin.engine.root import Root
from vast_standin.engine.table import (
    ATTACHED,
    Column,
    Definition,
    Table,
    attached_name,
)
from vast_standin.http import ProtocolError
from vast_standin.tabular.partitions import PARTITIONS_SUFFIX, partitions

IMPORTS = "vastdb-imported-objects"
IMPORT_FIELDS = pa.schema(
    [
        ("BucketName", pa.string()),
        ("ObjectName", pa.string()),
        ("ObjectSize", pa.int64()),
        ("ImportTime", pa.timestamp("us")),
        ("RowCount", pa.int64()),
        ("Fingerprint", pa.string()),
    ]
)


IMPORTS_DEFINITION = Definition(
    tuple(Column(i, field) for i, field in enumerate(IMPORT_FIELDS)),
    len(IMPORT_FIELDS),
)


def imports_table(root: Root, table: Table) -> Table:
    """Return the table of objects imported into a table; 404 if it was dropped."""
    number = root.table_ids.get((ATTACHED, attached_name(table, IMPORTS)))
    if number is None:
        raise ProtocolError(
            404, "NoSuchKey", f"the imports table of {table.name} was dropped"
        )
    return root.tables[number]


def partitions_table(table: Table) -> Table:
    """Return the table of a table's partitions, as of now."""
    listing = table_of(partitions(table))
    return replace(listing, name=table.name + PARTITIONS_SUFFIX)
