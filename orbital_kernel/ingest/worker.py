"""The processes that read files: `python -m orbital_kernel.ingest.worker FD…`.

One process imports the readers, then becomes as many as there are sockets. Each takes a
path at a time, sends back what parse() yields, and ends when its socket closes, so that
none outlives the one who started it.
"""

import os
import socket
import sys
from pathlib import Path

from orbital_kernel.ingest import messages
from orbital_kernel.ingest.parsing import Task, parse


def serve(end: socket.socket) -> None:
    """Read files until the socket closes."""
    messages.send(end, {"pid": os.getpid()})
    while True:
        try:
            task, _ = messages.receive(end)
        except EOFError:
            return
        path = Path(task.pop("path"))
        for item in parse(path, Task(**task)):
            messages.send_item(end, item)


def main(numbers: list[str]) -> None:
    """Become a process a socket, and wait for all of them."""
    ends = [socket.socket(fileno=int(number)) for number in numbers]
    for end in ends:
        if os.fork():
            continue
        for other in ends:
            if other is not end:
                other.close()
        try:
            serve(end)
        except (BrokenPipeError, ConnectionResetError):
            os._exit(1)  # nobody waits for the rest
        os._exit(0)
    for end in ends:
        end.close()
    for _ in ends:
        os.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
