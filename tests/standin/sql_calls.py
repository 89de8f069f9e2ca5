"""SQL as the vendor's driver sends it, call by call, for machines without the driver."""

from dataclasses import dataclass, field

import pyarrow as pa
import requests
from aws_requests_auth.aws_auth import AWSRequestsAuth

from vast_standin.protobuf import make_message, parse_message

CONTENT = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})
FIRST = [(1, "x"), (2, "y"), (3, "z")]


class SqlError(Exception):
    """What the server refused, with its status."""

    def __init__(self, answer):
        super().__init__(answer.text)
        self.status = answer.status_code


@dataclass(frozen=True)
class SqlCalls:
    """The query engine's calls, by one user."""

    endpoint: str
    access: str
    secret: str = field(repr=False)

    def rows(self, sql, transaction=0):
        """Run a statement to its end; returns an Arrow table."""
        query, schema = self.start(sql, transaction)
        status = parse_message(self.call("POST", "vastdb-query-status", {1: query}))
        assert 3 == status.message(1).number(7)
        parts, position = [schema], 0
        while position is not None:
            batches, position = self.chunk(query, position)
            parts.append(batches)
        self.call("DELETE", "vastdb-run-query", {1: query})
        end = b"\xff\xff\xff\xff\x00\x00\x00\x00"
        return pa.ipc.open_stream(b"".join([*parts, end])).read_all()

    def start(self, sql, transaction=0):
        """Start a statement; returns its number as a message, and the schema."""
        answer = self.call("POST", "vastdb-run-query", {2: transaction, 3: sql})
        started = parse_message(answer)
        return make_message({1: started.message(1).message(1).number(1), 2: 1}), (
            started.raw(2)
        )

    def chunk(self, query, position):
        """Fetch batches; returns their bytes, and where the next begin."""
        request = {1: query, 3: make_message({1: position})}
        answer = self.send("POST", "vastdb-data", make_message(request))
        size = int(answer.headers["tabular-protobuf-size"])
        head = parse_message(answer.content[:size])
        following = head.message(1).number(1) if 1 in head.fields else None
        return answer.content[size:], following

    def call(self, method, command, fields):
        """Make one call; returns its answer's bytes."""
        return self.send(method, command, make_message(fields)).content

    def send(self, method, command, body):
        """Sign and send bytes; SqlError where they are refused."""
        host = self.endpoint.partition("//")[2]
        answer = requests.request(
            method,
            f"{self.endpoint}/?{command}=",
            data=body,
            auth=AWSRequestsAuth(
                aws_access_key=self.access,
                aws_secret_access_key=self.secret,
                aws_host=host,
                aws_region="vast",
                aws_service="s3",
            ),
            timeout=60,
        )
        if answer.status_code != 200:
            raise SqlError(answer)
        return answer


def pairs(rows):
    """Return the rows of an Arrow table as tuples."""
    return [tuple(row.values()) for row in rows.to_pylist()]


def content(sql, table, transaction=0):
    """Return the rows of a table in order."""
    return pairs(
        sql.rows(f"SELECT * FROM {table} ORDER BY a NULLS LAST, b", transaction)
    )
