"""The query engine's calls, as the vendor's ADBC driver makes them.

A query is started, its status asked until a ticket comes, the ticket's data fetched
in chunks, and both finished. Messages are protocol buffers.
"""

from collections.abc import Callable, Iterator

from vast_standin.http import Response
from vast_standin.protobuf import Message, make_message, parse_message
from vast_standin.sql.running import Chunk, Client, Query, running_on
from vast_standin.tabular.call import Call

_VERSION = "5.5.0.1.1"
_COMPLETED = 3
_SUCCESS = 0
_LARGEST_BODY = 4 << 20
_ENDPOINT = "ipv4-127-0-0-1"


def capabilities(_call: Call) -> Response:
    """Report the version; session options are not supported."""
    return _answer(make_message({1: _VERSION, 2: 0}))


def run_query(call: Call) -> Response:
    """Start a query, or change something, in the transaction it names."""
    request = _request(call)
    number = request.number(2)
    transaction = (
        call.engine.transaction(number, call.owner) if number else call.transaction
    )
    client = Client(call.owner, call.request.gone)
    query = running_on(call.engine).start(
        call.engine, request.text(3), transaction, call.check, client
    )
    schema = bytes(query.reader.schema.serialize())
    return _answer(
        make_message({1: _status(query, with_ticket=False), 2: schema, 3: 0})
    )


def query_status(call: Call) -> Response:
    """Report that a query is ready, with its ticket once."""
    query = _find(call, _request(call))
    give = not query.ticket_given
    query.ticket_given = True
    return _answer(make_message({1: _status(query, with_ticket=give)}))


def query_data(call: Call) -> Response:
    """Return the next record batches of a ticket."""
    request = _request(call)
    chunk = _find(call, request).fetch(request.message(3).number(1))
    head = _chunk_head(chunk)
    return Response(
        headers={
            "Content-Type": "application/octet-stream",
            "tabular-protobuf-size": str(len(head)),
        },
        body=_body(head, chunk),
    )


def finish_ticket(call: Call) -> Response:
    """Mark a ticket as done; the query stays until it is finished."""
    _request(call)
    return Response()


def finish_query(call: Call) -> Response:
    """Remove a query."""
    number = _request(call).message(1).number(1)
    running_on(call.engine).finish(number, call.owner)
    return Response()


ROUTES: dict[tuple[str, str], Callable[[Call], Response]] = {
    ("GET", "query-engine-capabilities"): capabilities,
    ("POST", "query-engine-capabilities"): capabilities,
    ("POST", "vastdb-run-query"): run_query,
    ("DELETE", "vastdb-run-query"): finish_query,
    ("POST", "vastdb-query-status"): query_status,
    ("POST", "vastdb-data"): query_data,
    ("DELETE", "vastdb-data"): finish_ticket,
}


def _find(call: Call, request: Message) -> Query:
    client = Client(call.owner, call.request.gone)
    return running_on(call.engine).find(request.message(1).number(1), client)


def _request(call: Call) -> Message:
    return parse_message(call.body(_LARGEST_BODY))


def _answer(body: bytes) -> Response:
    return Response(headers={"Content-Type": "application/octet-stream"}, body=body)


def _status(query: Query, *, with_ticket: bool) -> bytes:
    fields: dict[int, int | str | bytes | list[bytes]] = {
        1: make_message({1: query.id, 2: 1})
    }
    if with_ticket:
        any_ = make_message({1: "", 2: str(query.id)})
        endpoint = make_message({1: _ENDPOINT})
        fields[4] = [make_message({2: endpoint, 4: any_})]
    return make_message({**fields, 5: _SUCCESS, 6: "", 7: _COMPLETED})


def _chunk_head(chunk: Chunk) -> bytes:
    empty = int(chunk.next is None and not chunk.messages)
    if chunk.next is None:
        return make_message({2: empty})
    return make_message({1: make_message({1: chunk.next}), 2: empty})


def _body(head: bytes, chunk: Chunk) -> Iterator[list[memoryview]]:
    yield [memoryview(head), *chunk.messages]
