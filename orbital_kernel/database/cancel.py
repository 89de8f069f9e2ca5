"""Reads that another thread cancels: their connections are closed, so the server stops."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Cancel:
    """Ends the reads made within `block`, from any thread.

    The vendor's client has no call for it. The connection a read waits on is closed
    instead: the client wakes with an error, and the server has nobody to answer.

    Examples
    --------
    >>> from orbital_kernel import Query, connect
    >>> from orbital_kernel.errors import Cancelled
    >>> from orbital_kernel.query import Cancel
    >>> orbital, cancel = connect(), Cancel()
    >>> cancel.set()
    >>> with cancel.block():
    ...     try:
    ...         orbital.query(Query("swift.sources", limit=1))
    ...     except Cancelled as error:
    ...         print(error)
    the question was cancelled before it was answered
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[Any] = set()
        self._is_set = False

    @property
    def is_set(self) -> bool:
        """Whether it was cancelled.

        Returns
        -------
        bool
            True after `set`.

        Examples
        --------
        >>> from orbital_kernel.query import Cancel
        >>> Cancel().is_set
        False
        """
        return self._is_set

    def set(self) -> None:
        """Cancel: close what is waited on, and refuse what would follow.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel.query import Cancel
        >>> cancel = Cancel()
        >>> cancel.set()
        >>> cancel.is_set
        True
        """
        with self._lock:
            self._is_set = True
            for connection in self._waiting:
                _shut(connection)
            self._waiting.clear()

    @contextmanager
    def block(self) -> Iterator[None]:
        """Make the reads of a block of code subject to this.

        Returns
        -------
        context manager
            For a `with` statement.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_kernel.query import Cancel
        >>> orbital = connect()
        >>> with Cancel().block():
        ...     rows = orbital.table("swift.sources", ["source_id"])
        """
        token = CURRENT.set(self)
        try:
            yield
        finally:
            CURRENT.reset(token)

    def waits_on(self, connection: Any) -> None:
        """Note the connection of a request; it is closed at once if this is set."""
        with self._lock:
            if self._is_set:
                _shut(connection)
            self._waiting.add(connection)

    def is_done_with(self, connection: Any) -> None:
        """Note that a connection serves others from now on."""
        with self._lock:
            self._waiting.discard(connection)


CURRENT: ContextVar[Cancel | None] = ContextVar("orbital_cancel", default=None)
"""What cancels the reads of this thread."""


@contextmanager
def uncancelled() -> Iterator[None]:
    """Make a block of code end as it began: what writes is not cut off midway."""
    token = CURRENT.set(None)
    try:
        yield
    finally:
        CURRENT.reset(token)


def _shut(connection: Any) -> None:
    """Wake whoever reads from a connection; its own thread releases it."""
    plain = getattr(connection, "sock", None)
    if plain is not None:
        try:
            socket.socket.shutdown(plain, socket.SHUT_RDWR)
        except OSError:  # its peer has closed it
            return
