"""Connections that report whom they serve, so that a cancelled read can be ended."""

from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

Asking = Callable[[], Any]
"""What cancels the present thread, a `Cancel` or None."""


class _Noted:
    """What both kinds of pool do: note a connection while a request has it."""

    asking: Asking

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        connection.cancel = self.asking()
        if connection.cancel is not None:
            connection.cancel.waits_on(connection)
        return connection

    def _validate_conn(self, connection: Any) -> None:
        """Connect, then look: before there was a socket none could be closed."""
        super()._validate_conn(connection)  # type: ignore[misc]
        if connection.cancel is not None:
            if connection.is_closed:
                connection.connect()
            if connection.cancel.is_set:
                raise ConnectionAbortedError("the question was cancelled")

    def _put_conn(self, connection: Any) -> None:
        cancel = getattr(connection, "cancel", None)
        if cancel is not None:
            cancel.is_done_with(connection)
        super()._put_conn(connection)  # type: ignore[misc]


class NotingAdapter(HTTPAdapter):
    """The transport of one session; `asking` returns what cancels the present thread."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools of connections, as `requests` does."""
        super().init_poolmanager(*arguments, **options)
        noting = {"asking": staticmethod(self._asking)}
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("Pool", (_Noted, HTTPConnectionPool), noting),
            "https": type("SecurePool", (_Noted, HTTPSConnectionPool), noting),
        }
