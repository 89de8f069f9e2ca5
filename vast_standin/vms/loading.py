"""Tables from a parquet or CSV file in a request.

The body is the file itself, or a form (multipart/form-data) whose part `file` is. It is
spooled to the data folder, mapped into memory and read in pieces, all of it into one
transaction: a damaged file leaves no table.
"""

import mmap
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from vast_standin.disk import disk_errors
from vast_standin.engine.table import Definition
from vast_standin.tabular.definitions import number_columns
from vast_standin.tabular.parquet import open_parquet
from vast_standin.tabular.rows import matched
from vast_standin.tabular.tables import make_table
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.database import parameters
from vast_standin.vms.fields import bad_request
from vast_standin.vms.requests import VmsCall

ROUTE = ("tables", "load_from_file")
_CSV_BLOCK = 4 << 20
_BOUNDARY = re.compile(r'boundary="?([^";]{1,70})"?', re.IGNORECASE)
_FILE = re.compile(rb'name="?file"?(?:;|\s|\Z)', re.IGNORECASE)
_SUFFIX = re.compile(rb'filename="[^"]*\.(\w+)"', re.IGNORECASE)

Piece = tuple[str, int, int]
Batches = tuple[pa.Schema, Iterator[pa.RecordBatch]]


def load_from_file(cluster: Cluster, call: VmsCall) -> None:
    """Create a table from a file."""
    names = {"database_name", "schema_name", "name"}
    query = parameters(call, names, needed=True)
    place = query["database_name"], query["schema_name"]
    with tempfile.TemporaryFile(dir=cluster.folder) as file:
        with disk_errors():
            shutil.copyfileobj(call.request.body, file, 1 << 20)
            file.flush()
        schema, batches = _opened(file, call.request.headers.get("content-type", ""))
        columns = number_columns(schema, 0)
        definition = Definition(columns, len(columns))
        with cluster.engine.writing(None) as tx:
            table = make_table(tx, tx.schema(*place), query["name"], definition)
            _insert(tx, table, batches)


def _insert(transaction: Any, table: Any, batches: Iterator[pa.RecordBatch]) -> None:
    try:
        for batch in batches:
            transaction.insert(table, matched(table, batch), rows=batch.num_rows)
    except pa.ArrowException as error:
        raise bad_request(f"file: cannot be read to its end: {error}") from None


def _opened(file: BinaryIO, media: str) -> Batches:
    if not file.seek(0, 2):
        raise bad_request("file: the body is empty")
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    form, start, stop = _piece(mapped, media)
    source = pa.py_buffer(mapped).slice(start, stop - start)
    if form not in _FORMS:
        raise bad_request(
            f"file: {form!r} is none of {', '.join(_FORMS)}; name it so, or give its "
            f"media type: {', '.join(_MEDIA)}"
        )
    return _FORMS[form](source)


def _piece(mapped: mmap.mmap, media: str) -> Piece:
    """Return the format of the file in a body, and where it begins and ends."""
    kind = media.partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        return _MEDIA.get(kind, kind), 0, len(mapped)
    boundary = _BOUNDARY.search(media)
    if boundary is None:
        raise bad_request("file: the form's boundary is missing")
    mark = b"--" + boundary[1].encode("latin-1")
    at = mapped.find(mark)
    while at >= 0:
        start = mapped.find(b"\r\n\r\n", at)
        stop = mapped.find(b"\r\n" + mark, start)
        if start < 0 or stop < 0:
            break
        head = mapped[at:start]
        if _FILE.search(head):
            suffix = _SUFFIX.search(head)
            return suffix[1].decode().lower() if suffix else "", start + 4, stop
        at = stop + 2
    raise bad_request("file: the form has no part of this name")


def _parquet(source: pa.Buffer) -> Batches:
    parquet = open_parquet(pa.BufferReader(source))
    return parquet.schema, parquet.batches()


def _csv(source: pa.Buffer) -> Batches:
    """Read CSV; the first 4 MB decide the types, columns that are empty there become text."""
    from pyarrow import csv  # noqa: PLC0415 - most starts never need it

    def opened(texts: list[str]) -> Any:
        return csv.open_csv(
            pa.BufferReader(source),
            read_options=csv.ReadOptions(block_size=_CSV_BLOCK),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(texts, pa.string())
            ),
        )

    try:
        reader = opened([])
        empty = [f.name for f in reader.schema if pa.types.is_null(f.type)]
        reader = opened(empty) if empty else reader
    except pa.ArrowException as error:
        raise bad_request(f"file: this is not a CSV: {error}") from None
    return reader.schema, iter(reader)


_MEDIA = {"application/vnd.apache.parquet": "parquet", "text/csv": "csv"}
_FORMS: dict[str, Callable[[pa.Buffer], Batches]] = {"parquet": _parquet, "csv": _csv}
