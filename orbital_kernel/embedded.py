"""Finds, starts and stops the embedded platform; one a data folder, shared by all.

The stand-in's process writes `standin.json` once it listens and keeps its keys in
`credentials.json`; this module reads both and talks to nothing else of it.
"""

import http.client
import json
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock

from orbital_kernel import config
from orbital_kernel.config import Settings
from orbital_kernel.errors import PlatformError

START_SECONDS = 30.0
STOP_SECONDS = 30.0
PORTS_FILE = "ports.json"

LOG = logging.getLogger(__name__)
_started: set[int] = set()
"""Children of this process: they outlive it, and are reaped where they end first."""


@dataclass(frozen=True)
class Status:
    """What is known of a folder's platform; `status --json` prints these fields."""

    running: bool
    healthy: bool
    endpoint: str | None
    vms_address: str | None
    data_dir: str
    version: str | None
    pid: int | None
    bytes_on_disk: int
    started: str | None
    warnings: tuple[str, ...] = ()
    """Data that are missing, or that a start set aside in `lost/`."""


def status(folder: Path) -> Status:
    """Tell whether the folder's platform runs and answers."""
    facts = _facts(folder)
    running = facts is not None and _alive(facts["pid"])
    known = facts if running and facts else {}
    warnings = tuple(known.get("warnings", ()))
    return Status(
        running=running,
        healthy=running
        and not warnings
        and facts is not None
        and _answers(facts["endpoint"]),
        endpoint=known.get("endpoint"),
        vms_address=known.get("vms_address"),
        data_dir=str(folder),
        version=known.get("version"),
        pid=known.get("pid"),
        bytes_on_disk=_size(folder),
        started=known.get("started"),
        warnings=warnings,
    )


def ensure(
    folder: Path, *, port: int | None = None, accept_loss: bool = False
) -> Settings:
    """Return settings of the folder's platform, starting it where it does not run.

    Any number of processes may call this at once: one starts it, all share it.
    `accept_loss` starts a folder whose data are incomplete, without what is missing.
    Raises PlatformError when it does not come up, or runs on another port than asked.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(folder / "start.lock", timeout=2 * START_SECONDS):
        facts = _facts(folder)
        if facts is None or not _wait_answering(facts):
            options = ("--accept-loss",) if accept_loss else ()
            facts = _start(folder, _ports(folder, port), options)
            for warning in facts.get("warnings", ()):
                LOG.warning("%s", warning)
    if port and urlsplit(facts["endpoint"]).port != port:
        raise PlatformError(
            f"the platform of {folder} already runs on {facts['endpoint']}, not on port "
            f"{port}: `orbital down` first"
        )
    return _settings(folder, facts)


def stop(folder: Path) -> bool:
    """Stop the folder's platform; False where none ran."""
    facts = _facts(folder)
    if facts is None or not _alive(facts["pid"]):
        return False
    os.kill(facts["pid"], signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(facts["pid"]):
        if time.monotonic() > deadline:
            raise PlatformError(
                f"pid {facts['pid']} did not stop within {STOP_SECONDS:.0f} s: "
                f"see {folder / 'standin.log'}"
            )
        time.sleep(0.05)
    return True


def _start(
    folder: Path, ports: tuple[int, int], options: tuple[str, ...]
) -> dict[str, Any]:
    facts = _facts(folder)
    if facts and _alive(facts["pid"]):
        raise PlatformError(
            f"the platform of {folder} runs (pid {facts['pid']}) but does not answer on "
            f"{facts['endpoint']}: see {folder / 'standin.log'}, or `orbital down` and "
            "`orbital up`"
        )
    deadline = time.monotonic() + START_SECONDS
    while True:
        pid = _launch(folder, ports, options)
        facts = _awaited(folder, pid, deadline)
        if facts:
            _note_ports(folder, facts)
            return facts
        lines = (folder / "standin.log").read_text(errors="replace").splitlines()
        if _alive(pid) or time.monotonic() > deadline:
            return _fail(folder, lines)
        if _folder_taken(lines):
            facts = _of_another(folder)
            if facts:
                return facts
        elif ports != (0, 0) and _port_taken(lines):
            ports = (0, 0)
        else:
            return _fail(folder, lines)


def _launch(folder: Path, ports: tuple[int, int], options: tuple[str, ...]) -> int:
    """Start a process that outlives this one; returns its number."""
    log = str(folder / "standin.log")
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        sys.executable,
        [
            *(sys.executable, "-m", "vast_standin", "--data", str(folder)),
            *("--port", str(ports[0]), "--vms-port", str(ports[1])),
            *options,
        ],
        config.without_vendor_variables(os.environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    _started.add(pid)
    return pid


def _awaited(folder: Path, pid: int, deadline: float) -> dict[str, Any] | None:
    """Wait until a process serves the folder; None where it ends or time is up."""
    while time.monotonic() < deadline:
        ended = not _alive(pid)
        facts = _facts(folder)
        if facts and facts["pid"] == pid and _answers(facts["endpoint"]):
            return facts
        if ended:
            return None
        time.sleep(0.02)
    return None


def _of_another(folder: Path) -> dict[str, Any] | None:
    """Wait a second for who has the folder: it may be starting, or stopping."""
    for _ in range(50):
        facts = _facts(folder)
        if facts and _alive(facts["pid"]) and _answers(facts["endpoint"]):
            return facts
        time.sleep(0.02)
    return None


def _fail(folder: Path, lines: list[str]) -> dict[str, Any]:
    last = lines[-1].strip() if lines else "it said nothing"
    raise PlatformError(
        f"the embedded platform of {folder} did not start: {last} "
        f"(more in {folder / 'standin.log'})"
    )


def _folder_taken(lines: list[str]) -> bool:
    return bool(lines) and "belongs to a running stand-in" in lines[-1]


def _port_taken(lines: list[str]) -> bool:
    return any("in use" in line for line in lines[-3:])


def _ports(folder: Path, port: int | None) -> tuple[int, int]:
    """Ask for the ports of the last run again, so that noted addresses stay right."""
    noted = folder / PORTS_FILE
    last = json.loads(noted.read_text()) if noted.exists() else [0, 0]
    return port or last[0], last[1]


def _note_ports(folder: Path, facts: dict[str, Any]) -> None:
    urls = urlsplit(facts["endpoint"]), urlsplit(f"//{facts['vms_address']}")
    (folder / PORTS_FILE).write_text(json.dumps([url.port for url in urls]))


def _facts(folder: Path) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = json.loads((folder / "standin.json").read_text())
    except FileNotFoundError:
        return None
    except json.JSONDecodeError:
        return None
    return facts


def _settings(folder: Path, facts: dict[str, Any]) -> Settings:
    keys = json.loads((folder / "credentials.json").read_text())
    return Settings(
        endpoint=facts["endpoint"],
        access_key=keys["access_key"],
        secret_key=keys["secret_key"],
        vms_address=facts["vms_address"],
        vms_user=keys["vms_user"],
        vms_password=keys["vms_password"],
        vms_cert_file=keys["cert_file"],
        engine="embedded",
    )


def _alive(pid: int) -> bool:
    if pid in _started:
        _reap(pid)
        if pid in _started:
            return True  # its command line is empty for a moment after its start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return _is_standin(pid)


def _reap(pid: int) -> None:
    """Take a child's end, if it ended; another thread may have, or a parent must."""
    try:
        ended = os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        ended = True
    if ended:
        _started.discard(pid)


def _is_standin(pid: int) -> bool:
    """Guard against a process number that was handed to somebody else."""
    command = Path(f"/proc/{pid}/cmdline")
    if not command.parent.exists():
        return True
    try:
        return b"vast_standin" in command.read_bytes()
    except OSError:
        return False


def _answers(endpoint: str) -> bool:
    url = urlsplit(endpoint)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
    try:
        connection.request("GET", "/")
        return (connection.getresponse().getheader("Server") or "").startswith("vast")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _wait_answering(facts: dict[str, Any]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and _alive(facts["pid"]):
        if _answers(facts["endpoint"]):
            return True
        time.sleep(0.1)
    return False


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except FileNotFoundError:  # removed while we walked
                continue
    return total
