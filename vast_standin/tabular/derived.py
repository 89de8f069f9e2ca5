"""Tables nobody created: of imported objects, and of partitions."""

import pyarrow as pa

from vast_standin.engine.memory import table_of
from vast_standin.engine.root import Root
from vast_standin.engine.table import Table
from vast_standin.tabular.partitions import partitions

IMPORT_FIELDS = pa.schema(
    [
        ("BucketName", pa.string()),
        ("ObjectName", pa.string()),
        ("ObjectSize", pa.int64()),
        ("ImportTime", pa.timestamp("us")),
        ("RowCount", pa.int64()),
    ]
)


def imports_table(root: Root, table: Table) -> Table:
    """Give the table of objects imported into a table; empty before the first."""
    found = root.tables.get(table.definition.imports_id or -1)
    return found if found is not None else table_of(IMPORT_FIELDS.empty_table())


def partitions_table(table: Table) -> Table:
    """Give the table of a table's partitions, as of now."""
    return table_of(partitions(table))
