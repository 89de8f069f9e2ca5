"""Transactions: begin, commit, roll back, look up, and the version probe."""

from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call


def begin(call: Call) -> Response:
    """Begin a transaction; the reply has its number in a header."""
    transaction = call.engine.begin(call.owner)
    return Response(
        headers={
            "tabular-txid": str(transaction.id),
            "x-vast-rcf-id": f"E1:{transaction.id}",
        }
    )


def commit(call: Call) -> Response:
    """Commit; on disk before the reply."""
    call.engine.commit(_running(call))
    return Response()


def roll_back(call: Call) -> Response:
    """Undo everything the transaction did."""
    call.engine.rollback(_running(call))
    return Response()


def look_up(call: Call) -> Response:
    """Report that a transaction runs; without one, report the version."""
    if call.header("tabular-get-vast-version") != "true":
        _running(call)
    return Response()


def _running(call: Call) -> Transaction:
    transaction = call.transaction
    if transaction is None:
        raise ProtocolError(
            400, "InvalidArgument", "header tabular-txid names no transaction"
        )
    return transaction
