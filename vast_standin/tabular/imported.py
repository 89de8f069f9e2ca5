"""The imports table of a table: its imported objects, so that none is imported twice."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError
from vast_standin.tabular.derived import IMPORT_FIELDS, imports_table
from vast_standin.tabular.parquet import ParquetObject


def check_not_imported(
    transaction: Transaction,
    table_id: int,
    bucket: str,
    key: str,
    parquet: ParquetObject,
) -> None:
    """Refuse an object whose content was imported before."""
    imports = imports_table(transaction.root, transaction.root.tables[table_id])
    for segment in imports.segments:
        values = {
            column.name: segment.read(column.number, column.field.type, 0, segment.rows)
            for column in imports.definition.columns
        }
        same = pc.and_(
            pc.equal(values["ObjectName"], key),
            pc.and_(
                pc.equal(values["BucketName"], bucket),
                pc.equal(values["Fingerprint"], parquet.fingerprint),
            ),
        )
        live = segment.live_mask(0, segment.rows)
        if live is not None:
            same = pc.and_(same, pa.array(live))
        if pc.any(same).as_py():
            raise ProtocolError(
                400, "TabularAlreadyImported", f"{bucket}/{key} was imported before"
            )


def note_imported(
    transaction: Transaction,
    table_id: int,
    bucket: str,
    key: str,
    parquet: ParquetObject,
    rows: int,
) -> None:
    """Write the row of an imported object."""
    imports = imports_table(transaction.root, transaction.root.tables[table_id])
    values = [
        bucket,
        key,
        parquet.size,
        datetime.now(UTC).replace(tzinfo=None),
        rows,
        parquet.fingerprint,
    ]
    columns = {
        i: pa.array([value], type=field.type)
        for i, (value, field) in enumerate(zip(values, IMPORT_FIELDS, strict=True))
    }
    transaction.insert(imports, columns, rows=1)
