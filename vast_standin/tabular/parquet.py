"""Parquet objects as record batches of types a table can have."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from vast_standin.http import ProtocolError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_ROWS = 1 << 19
_FOOTER = 8


@dataclass(frozen=True)
class ParquetObject:
    """An open parquet object."""

    file: "pq.ParquetFile"
    schema: pa.Schema
    size: int
    fingerprint: str

    @property
    def rows(self) -> int:
        """Rows in it."""
        return int(self.file.metadata.num_rows)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read it piece by piece."""
        for batch in self.file.iter_batches(batch_size=_ROWS):
            yield _normalised(batch, self.schema)

    def read(self) -> pa.Table:
        """Read all of it."""
        return pa.Table.from_batches(self.batches(), self.schema).combine_chunks()


def open_parquet(stream: BinaryIO) -> ParquetObject:
    """Open a parquet object; 400 if it is not one."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms most starts never need

    try:
        file = pq.ParquetFile(stream)
        schema = pa.schema([_plain_field(f) for f in file.schema_arrow])
    except (pa.ArrowException, OSError) as err:
        raise ProtocolError(
            400, "TabularInvalidFile", f"this is not a parquet file: {err}"
        ) from err
    size = stream.seek(0, 2)
    return ParquetObject(file, schema, size, _fingerprint(stream, size))


def _fingerprint(stream: BinaryIO, size: int) -> str:
    """Return a digest of the footer, which holds place and statistics of every chunk."""
    stream.seek(max(0, size - _FOOTER))
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(max(0, size - _FOOTER - length))
    return hashlib.blake2b(stream.read(length), digest_size=16).hexdigest()


def _plain_field(field: pa.Field) -> pa.Field:
    return pa.field(field.name, _plain(field.type))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the storable type for one that Arrow's metadata added."""
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_large_list(kind):
        return pa.list_(_plain(kind.value_type))
    return kind


def _normalised(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        array if array.type == field.type else array.cast(field.type)
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
