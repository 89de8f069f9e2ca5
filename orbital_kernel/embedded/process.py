"""The process that serves a platform's folder, and its ports."""

import socket
from contextlib import ExitStack
from pathlib import Path

from orbital_kernel.embedded.files import PORTS
from orbital_kernel.errors import PlatformError

PROCESSES = Path("/proc")
HOST = "127.0.0.1"


def serves(pid: int, folder: Path) -> bool:
    """Return whether a process is the folder's platform.

    A number may have been reused by another program, or by the platform of another
    folder. If the system does not list processes the number is trusted.
    """
    if not PROCESSES.exists():
        return True
    process = PROCESSES / str(pid)
    try:
        command = (
            (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        )
        if "vast_standin" not in command or "--data" not in command[:-1]:
            return False
        given = command[command.index("--data") + 1]
        return ((process / "cwd").readlink() / given).resolve() == folder.resolve()
    except OSError:
        return False


def owner(folder: Path) -> int | None:
    """Return the process that serves a folder, searched for without its note."""
    numbers = (int(entry.name) for entry in PROCESSES.glob("[0-9]*"))
    return next((pid for pid in numbers if serves(pid, folder)), None)


def reserved_ports(ports: tuple[int, int]) -> tuple[int, int]:
    """Return the ports, free ones for 0; PlatformError if one is in use."""
    chosen: list[int] = []
    with ExitStack() as probes:
        for port in ports:
            probe = probes.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise PlatformError(
                    f"port {port} of {HOST} cannot be served ({error.strerror}): end the "
                    f"program that uses it, choose another with --port, or remove {PORTS} "
                    "from the platform's folder to have free ports chosen"
                ) from error
            chosen.append(int(probe.getsockname()[1]))
    return chosen[0], chosen[1]
