"""A server that stores nothing, to measure the cost of inserts in SDK and sockets alone.

    python benchmarks/standin_floor.py

Prints its port, reads each body as fast as Python can and answers inserts with row
ids made beforehand. Nothing is checked, parsed or kept.
"""

import re
import socket
import threading

import pyarrow as pa

_ROWS = 65_536
_LARGEST = 8 << 20
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    ids = _row_ids()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection, ids), daemon=True).start()


def _row_ids():
    batch = pa.record_batch({"$row_id": pa.array(range(_ROWS), pa.uint64())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def _serve(connection, ids):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = memoryview(bytearray(_LARGEST))
    while head := _request(connection, buffer):
        body = ids if b"?rows" in head else b""
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nServer: vast 5.5.0.1\r\ntabular-txid: 7\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )


def _request(connection, buffer):
    """Read one request whole; gives its head, empty where the client is gone."""
    size, head, length = 0, b"", 0
    while not head or size < len(head) + length:
        if not (got := connection.recv_into(buffer[size:])):
            return b""
        size += got
        if not head and b"\r\n\r\n" in (start := bytes(buffer[: min(size, 4096)])):
            head = start.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            length = int(_LENGTH.findall(head + b"Content-Length: 0")[0])
    return head


if __name__ == "__main__":
    main()
