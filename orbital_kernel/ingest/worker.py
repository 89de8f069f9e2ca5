"""A process that reads files: `python -m orbital_kernel.ingest.worker FD`.

It imports the readers, receives one path at a time from its socket, sends back what
parse() yields while the next is parsed, and ends when the socket closes, so that it never outlives its starter.
It is a program of its own, never a fork: libraries start threads when they are imported,
and a fork copies the locks those threads hold. It imports nothing of the starter's
script either, so that a script needs no `if __name__ == "__main__"`.
"""

import socket
import sys
from contextlib import suppress
from pathlib import Path

from orbital_kernel.archives import readers
from orbital_kernel.config.pandas_spared import declare_own_process, spare_pandas
from orbital_kernel.errors import ConfigError
from orbital_kernel.ingest import messages
from orbital_kernel.ingest.items import SENT_AHEAD, Item, Rows, Task
from orbital_kernel.ingest.overlapped import fetched_ahead
from orbital_kernel.ingest.parsing import parse
from orbital_kernel.model.constant_columns import with_text_runs


def serve(end: socket.socket) -> None:
    """Read files until the socket closes."""
    messages.send(end, {"ready": True})
    _import_readers()
    while True:
        try:
            task, _ = messages.receive(end)
        except EOFError:
            return
        path = Path(task.pop("path"))
        for item in fetched_ahead(parse(path, Task(**task))):
            messages.send_item(end, _compact(item) if task["runs"] else item)


def _import_readers() -> None:
    """Import the readers while a command has imports of its own; a file says what fails."""
    with suppress(ConfigError):
        readers()


def _compact(item: Item) -> Item:
    """Return rows that are only sent on with constant text as runs."""
    if not isinstance(item, Rows) or item.table.partition(".")[2] not in SENT_AHEAD:
        return item
    return Rows(item.table, with_text_runs(item.data))


def main(number: str) -> None:
    """Serve the socket of that number; exit with 1 if the other end is closed."""
    declare_own_process()
    spare_pandas()
    try:
        serve(socket.socket(fileno=int(number)))
    except (BrokenPipeError, ConnectionResetError):
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
