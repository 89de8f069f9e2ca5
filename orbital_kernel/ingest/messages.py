"""What the pool and its workers send each other: lengths, a JSON head, Arrow rows."""

import json
import socket
import struct
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from orbital_kernel.ingest.items import End, Item, Refusal, Rows

_LENGTHS = struct.Struct(">IQ")


def send(to: socket.socket, head: dict[str, Any], rows: pa.Table | None = None) -> None:
    """Send one message; OSError if the other end is closed."""
    encoded = json.dumps(head).encode()
    body = b"" if rows is None else _packed(rows)
    to.sendall(_LENGTHS.pack(len(encoded), len(body)) + encoded)
    if body:
        to.sendall(body)


def receive(from_: socket.socket) -> tuple[dict[str, Any], pa.Table | None]:
    """Receive one message; EOFError if the other end is closed."""
    lengths = _exactly(from_, _LENGTHS.size)
    of_head, of_body = _LENGTHS.unpack(lengths)
    head: dict[str, Any] = json.loads(_exactly(from_, of_head))
    if not of_body:
        return head, None
    return head, pa.ipc.open_stream(pa.py_buffer(_exactly(from_, of_body))).read_all()


def send_item(to: socket.socket, item: Item) -> None:
    """Send one item of a parsed file."""
    if isinstance(item, Rows):
        send(to, {"kind": "rows", "table": item.table}, item.data)
    else:
        send(to, {"kind": type(item).__name__.lower(), **asdict(item)})


def receive_item(from_: socket.socket) -> Item:
    """Receive one item of a parsed file; EOFError if the worker has ended."""
    head, rows = receive(from_)
    kind = head.pop("kind")
    if kind == "rows":
        if rows is None:
            raise EOFError("rows without an Arrow stream")
        return Rows(head["table"], rows)
    if kind == "end":
        return End(**{**head, "understood": tuple(head["understood"])})
    return Refusal(**head)


def _packed(rows: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return memoryview(sink.getvalue())


def _exactly(from_: socket.socket, count: int) -> bytearray:
    data = bytearray(count)
    view = memoryview(data)
    while view:
        received = from_.recv_into(view)
        if not received:
            raise EOFError("the other end is closed")
        view = view[received:]
    return data
