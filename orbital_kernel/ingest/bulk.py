"""The bulk path: large tables as Parquet objects that the database imports itself.

Objects are written to the observatory's own bucket under `STAGING`, imported in the
transaction of their file, verified like other rows, and removed. Whether this is faster
than inserts depends on the platform: `benchmarks/bench_ingest.py` measures it. On the
embedded platform inserts are faster at every size, so they are the default.
"""

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from orbital_kernel.config import Settings
from orbital_kernel.errors import StoreError

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

STAGING = ".orbital-staging"
OBJECT_ROWS = 1_000_000
OBJECT_BYTES = 256 << 20
ROW_GROUP = 65_536


@dataclass
class _Table:
    """Rows of one table that wait to be written as one object."""

    parts: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    size: int = 0


class Bulk:
    """Gathers rows into objects of up to a million rows and has them imported."""

    def __init__(self, settings: Settings, bucket: str) -> None:
        """Stage objects in a bucket, by the same endpoint and keys as the database."""
        url = urlsplit(settings.endpoint)
        self._objects = fs.S3FileSystem(
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            endpoint_override=url.netloc,
            scheme=url.scheme,
            region="us-east-1",
            **({"tls_ca_file_path": settings.ca_bundle} if settings.ca_bundle else {}),
        )
        self._bucket = bucket
        self._waiting: dict[str, _Table] = {}

    def add(self, tx: "Transaction", table: str, rows: pa.Table) -> None:
        """Add rows; import them as an object once enough have accumulated."""
        waiting = self._waiting.setdefault(table, _Table())
        waiting.parts.append(rows)
        waiting.rows += len(rows)
        waiting.size += rows.nbytes
        if waiting.rows >= OBJECT_ROWS or waiting.size >= OBJECT_BYTES:
            self._import(tx, table)

    def finish(self, tx: "Transaction") -> None:
        """Import the rows that still wait."""
        for table in list(self._waiting):
            self._import(tx, table)

    def clear(self) -> None:
        """Drop waiting rows and remove every staged object, also of earlier runs.

        Only one ingest runs at a time, so that no object is in use.
        """
        self._waiting.clear()
        folder = f"{self._bucket}/{STAGING}"
        if self._objects.get_file_info(folder).type is fs.FileType.Directory:
            self._objects.delete_dir_contents(folder)

    def _import(self, tx: "Transaction", table: str) -> None:
        rows = tx.storable(table, pa.concat_tables(self._waiting.pop(table).parts))
        path = f"{self._bucket}/{STAGING}/{table}-{uuid.uuid4().hex}.parquet"
        try:
            with self._objects.open_output_stream(path) as stream:
                pq.write_table(rows, stream, row_group_size=ROW_GROUP)
        except OSError as error:
            raise StoreError(
                f"cannot stage {len(rows):,} rows of {table} as an object in bucket "
                f"{self._bucket!r}: {error}; ingest without --bulk-above uses inserts"
            ) from error
        tx.import_objects(table, [path])
