"""``python -m vast_standin --data DIR``: run the stand-in in the foreground."""

import argparse
import gc
import importlib.abc
import ipaddress
import logging
import math
import os
import resource
import signal
import sqlite3
import sys
from pathlib import Path

from vast_standin import __version__

FEWEST_HANDLES = 64
ENDING = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    given = _parser().parse_args(arguments)
    if not given.listen_on_network and not _is_loopback(given.host):
        print(
            f"{given.host} is not a loopback address: this stand-in is made for one "
            "machine. Say --listen-on-network if others are really to reach it.",
            file=sys.stderr,
        )
        return 2
    os.umask(0o077)
    most = _raise_handle_limit()
    if most < FEWEST_HANDLES:
        print(
            f"vast_standin needs {FEWEST_HANDLES} open files and the system allows "
            f"{most}: allow more, for example with `ulimit -n 4096`",
            file=sys.stderr,
        )
        return 2
    logging.basicConfig(
        level=logging.DEBUG if given.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    return _run(given)


def _raise_handle_limit() -> float:
    """Take all file handles the system gives: one per connection and per mapped file."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return math.inf if most == resource.RLIM_INFINITY else most


def _run(given: argparse.Namespace) -> int:
    # Blocked here and in every thread started later, then waited for: an early signal is
    # kept, and the system cannot hand it to a thread that the waiting one does not hear.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    sys.meta_path.insert(0, _WithoutPandas())
    # Imported here: --help and wrong usage answer without loading the engine.
    from vast_standin.owner import FolderTaken  # noqa: PLC0415
    from vast_standin.standin import Options, Standin  # noqa: PLC0415

    options = Options(
        folder=Path(given.data),
        host=given.host,
        port=given.port,
        vms_port=given.vms_port,
        faults=given.faults,
        data_tls=given.tls,
        sync=given.sync,
        skew_minutes=given.clock_skew_minutes,
        accept_loss=given.accept_loss,
    )
    try:
        standin = Standin(options)
    except (FolderTaken, ValueError, OSError, sqlite3.OperationalError) as error:
        print(f"vast_standin: {error}", file=sys.stderr)
        return 1
    gc.freeze()
    print(
        f"vast_standin {__version__} (a stand-in, not a VAST cluster): data "
        f"{standin.note['endpoint']}, management https://{standin.note['vms_address']}, "
        f"folder {options.folder}",
        flush=True,
    )
    signal.sigwait(ENDING)
    standin.stop()
    return 0


class _WithoutPandas(importlib.abc.MetaPathFinder):
    """Hide pandas: Arrow would load it for half a second without using it."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vast_standin",
        description="A stand-in for a VAST cluster on one machine.",
        epilog="Example: python -m vast_standin --data /tmp/vast --port 0 --vms-port 0",
    )
    add = parser.add_argument
    add("--data", required=True, metavar="DIR", help="folder everything is stored in")
    add(
        "--port",
        type=int,
        default=0,
        help="port of database and S3; 0 finds a free one",
    )
    add("--vms-port", type=int, default=0, help="port of the management; 0 likewise")
    add(
        "--host", default="127.0.0.1", help="address to listen on (default %(default)s)"
    )
    add(
        "--listen-on-network",
        action="store_true",
        help="allow an address that others reach",
    )
    add("--tls", action="store_true", help="TLS on the data port too")
    add(
        "--sync",
        action="store_true",
        help="fsync objects: safe against power loss, slower",
    )
    add(
        "--accept-loss",
        action="store_true",
        help="start without what is missing, when a start was refused for that; "
        "what cannot be used moves to lost/",
    )
    add("--faults", action="store_true", help="allow faults on demand, for tests")
    add(
        "--clock-skew-minutes",
        type=float,
        default=15.0,
        help="tolerated clock difference",
    )
    add("--verbose", action="store_true", help="log connections too")
    return parser


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
