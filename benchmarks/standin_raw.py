"""Inserts prepared and signed in advance: the load that faster clients would send."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import requests
from aws_requests_auth.aws_auth import AWSRequestsAuth
from standin_tables import BUCKET, SCHEMA, TABLE

_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_LARGEST = 4 << 20


def laid_out(standin, txid, work):
    """Return each batch as an insert's bytes: head and body."""
    keys = standin.keys
    auth = AWSRequestsAuth(
        aws_access_key=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
        aws_host=f"127.0.0.1:{standin.port}",
        aws_region="us-east-1",
        aws_service="s3",
    )
    url = f"{standin.endpoint}/{BUCKET}/{SCHEMA}/{TABLE}?rows"
    return [_insert(url, auth, str(txid), part) for part in work]


def send(port, inserts, connections):
    """Send inserts over several connections, one after another on each."""
    parts = [inserts[i::connections] for i in range(connections)]
    with ThreadPoolExecutor(connections) as clients:
        list(clients.map(lambda part: _send(port, part), parts))


def _insert(url, auth, txid, part):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, part.schema) as stream:
        stream.write_batch(part)
    body = bytes(sink.getvalue())
    headers = {"tabular-txid": txid}
    request = requests.Request("POST", url, headers, data=body, auth=auth).prepare()
    host = url.split("/")[2]
    lines = {"Host": host, **request.headers}.items()
    head = "".join(
        f"{name}: {value.decode() if isinstance(value, bytes) else value}\r\n"
        for name, value in lines
    )
    return f"POST {request.path_url} HTTP/1.1\r\n{head}\r\n".encode(), body


def _send(port, inserts):
    buffer = memoryview(bytearray(_LARGEST))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for head, body in inserts:
            connection.sendall(head)
            connection.sendall(body)
            _answer(connection, buffer)


def _answer(connection, buffer):
    """Read a whole answer; RuntimeError if its status is not 200."""
    size, length = 0, None
    while length is None or size < length:
        size += (got := connection.recv_into(buffer[size:]))
        start = bytes(buffer[: min(size, 4096)])
        if not got or not b"HTTP/1.1 200".startswith(start[:12]):
            raise RuntimeError(f"no insert: {start.decode('latin-1')}")
        if length is None and b"\r\n\r\n" in start:
            head = start.partition(b"\r\n\r\n")[0]
            length = len(head) + 4 + int(_LENGTH.search(head)[1])
