"""Finds, starts and stops the embedded platform: one per data folder, shared by all.

The process of the stand-in writes `standin.json` once it listens and keeps its keys in
`credentials.json`; this module reads only these two files of it.
"""

import http.client
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from orbital_kernel import config
from orbital_kernel.config import Settings
from orbital_kernel.config.locks import Lock, holders
from orbital_kernel.embedded import files as platform_files
from orbital_kernel.embedded.files import DamagedFile, Note, folder_errors
from orbital_kernel.embedded.process import owner, reserved_ports, serves
from orbital_kernel.errors import PlatformError

START_SECONDS = 30.0
STOP_SECONDS = 30.0

LOG = logging.getLogger(__name__)
_started: dict[int, Path] = {}
"""Children of this process: they outlive it, and are reaped if they end first."""


@dataclass(frozen=True)
class Status:
    """State of a folder's platform; `status --json` prints these fields."""

    running: bool
    healthy: bool
    endpoint: str | None
    vms_address: str | None
    data_dir: str
    version: str | None
    pid: int | None
    bytes_on_disk: int
    started: str | None
    problem: str | None = None
    """Why it cannot be used even if it runs: a damaged file, and what to do."""
    warnings: tuple[str, ...] = ()
    """Data that are damaged or missing, or that a start set aside in `lost/`."""
    locks: dict[str, str] = field(default_factory=dict)
    """Who holds locks of the folder now, such as an ingest, by the lock's name."""


def status(folder: Path) -> Status:
    """Return whether the folder's platform runs, answers and can be used.

    Raises PlatformError if the folder itself cannot be used.
    """
    with folder_errors(folder):
        problem = platform_files.problem(folder)
        try:
            note = platform_files.note(folder)
        except DamagedFile:
            note = None
        pid = _pid(folder)
        running = note if pid is not None else None
        return Status(
            running=pid is not None,
            healthy=problem is None
            and running is not None
            and not running.warnings
            and _answers(running.endpoint),
            endpoint=running.endpoint if running else None,
            vms_address=running.vms_address if running else None,
            data_dir=str(folder),
            version=running.version if running else None,
            pid=pid,
            bytes_on_disk=_size(folder),
            started=running.started if running else None,
            problem=problem,
            warnings=running.warnings if running else (),
            locks=holders(folder),
        )


def ensure(
    folder: Path, *, port: int | None = None, accept_loss: bool = False
) -> Settings:
    """Return settings of the folder's platform, started if it does not run.

    Any number of processes may call this at once: one starts it, all share it.
    `accept_loss` starts a folder whose data are incomplete, without the missing parts.
    Raises PlatformError if it does not start, runs on another port, or its folder or a
    file in it is damaged.
    """
    with folder_errors(folder):
        _make(folder)
        lock = Lock(folder / "start.lock", f"the start of {folder}", PlatformError)
        with lock.held(2 * START_SECONDS):
            note = _note(folder)
            if note is None or not _wait_answering(folder, note):
                note = _start(folder, port, accept_loss=accept_loss)
                for warning in note.warnings:
                    LOG.warning("%s", warning)
        if port and urlsplit(note.endpoint).port != port:
            raise PlatformError(
                f"the platform of {folder} already runs on {note.endpoint}, not on port "
                f"{port}: `orbital down` first"
            )
        return _settings(folder, note)


def foreground(
    folder: Path, *, port: int | None = None, accept_loss: bool = False
) -> NoReturn:
    """Become the folder's platform: this process serves it, and logs to stderr.

    SIGTERM and Ctrl-C end it with exit code 0. Ports are those of the last run, so that
    addresses stay valid. Raises PlatformError if the platform runs already or a port is
    in use.
    """
    with folder_errors(folder):
        _make(folder)
        pid = _pid(folder)
        if pid is not None:
            raise PlatformError(
                f"the platform of {folder} runs already (pid {pid}): `orbital down` first"
            )
        last = platform_files.ports(folder)
        ports = reserved_ports((port or last[0], last[1]))
        platform_files.write_ports(folder, ports)
        # The platform waits for these two; one that arrives earlier stays pending.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
        os.execve(  # noqa: S606
            sys.executable,
            _command(folder, ports, accept_loss=accept_loss),
            config.without_vendor_variables(os.environ),
        )


def last_ports(folder: Path) -> tuple[int, int]:
    """Return the ports of data and management of the last run; 0 if not recorded."""
    with folder_errors(folder):
        return platform_files.ports(folder)


def stop(folder: Path) -> bool:
    """Stop the folder's platform; False if none ran."""
    with folder_errors(folder):
        pid = _pid(folder)
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while _alive(folder, pid):
            if time.monotonic() > deadline:
                raise PlatformError(
                    f"pid {pid} did not stop within {STOP_SECONDS:.0f} s: "
                    f"see {folder / 'standin.log'}"
                )
            time.sleep(0.05)
        return True


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise PlatformError(
            f"the platform's folder {folder} is a file: choose a folder with --data or "
            f"{config.HOME_VARIABLE}, or move the file away"
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _start(folder: Path, port: int | None, *, accept_loss: bool) -> Note:
    note = _note(folder)
    if note and _alive(folder, note.pid):
        raise PlatformError(
            f"the platform of {folder} runs (pid {note.pid}) but does not answer on "
            f"{note.endpoint}: see {folder / 'standin.log'}, or `orbital down` and "
            "`orbital up`"
        )
    last = platform_files.ports(folder)
    ports, any_port = (port or last[0], last[1]), (port or 0, 0)
    deadline = time.monotonic() + START_SECONDS
    while True:
        pid = _launch(folder, _command(folder, ports, accept_loss=accept_loss))
        note = _awaited(folder, pid, deadline)
        if note:
            _note_ports(folder, note)
            return note
        lines = (folder / "standin.log").read_text(errors="replace").splitlines()
        if _alive(folder, pid) or time.monotonic() > deadline:
            raise _not_started(folder, lines)
        if _folder_taken(lines):
            note = _of_another(folder)
            if note:
                return note
        elif ports != any_port and _port_taken(lines):
            ports = any_port
        else:
            raise _not_started(folder, lines)


def _launch(folder: Path, command: list[str]) -> int:
    """Start a process that outlives this one; return its number."""
    log = str(folder / "standin.log")
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.close(os.open(log, append, 0o600))  # a refusal names the log here, not below
    pid = os.posix_spawn(
        sys.executable,
        command,
        config.without_vendor_variables(os.environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    _started[pid] = folder
    return pid


def _command(folder: Path, ports: tuple[int, int], *, accept_loss: bool) -> list[str]:
    return [
        *(sys.executable, "-m", "vast_standin", "--data", str(folder)),
        *("--port", str(ports[0]), "--vms-port", str(ports[1])),
        *(("--accept-loss",) if accept_loss else ()),
    ]


def _awaited(folder: Path, pid: int, deadline: float) -> Note | None:
    """Wait until a process serves the folder; None if it ends or time is up."""
    while time.monotonic() < deadline:
        ended = not _alive(folder, pid)
        note = _note(folder)
        if note and note.pid == pid and _answers(note.endpoint):
            return note
        if ended:
            return None
        time.sleep(0.02)
    return None


def _of_another(folder: Path) -> Note | None:
    """Wait a second for the process that has the folder: it may be starting or stopping."""
    for _ in range(50):
        note = _note(folder)
        if note and _alive(folder, note.pid) and _answers(note.endpoint):
            return note
        time.sleep(0.02)
    return None


def _not_started(folder: Path, lines: list[str]) -> PlatformError:
    last = lines[-1].strip() if lines else "it printed nothing"
    return PlatformError(
        f"the embedded platform of {folder} did not start: {last} "
        f"(more in {folder / 'standin.log'})"
    )


def _folder_taken(lines: list[str]) -> bool:
    """Whether another process has the folder; it may have written a line since."""
    return any("belongs to a running stand-in" in line for line in lines[-3:])


def _port_taken(lines: list[str]) -> bool:
    return any("in use" in line for line in lines[-3:])


def _note_ports(folder: Path, note: Note) -> None:
    """Record the ports for the next run, so that addresses stay valid."""
    data, vms = urlsplit(note.endpoint).port, urlsplit(f"//{note.vms_address}").port
    platform_files.write_ports(folder, (data or 0, vms or 0))


def _note(folder: Path) -> Note | None:
    """Return the note; a damaged one without a running process is removed.

    Raises DamagedFile if a platform runs.
    """
    try:
        return platform_files.note(folder)
    except DamagedFile:
        if owner(folder) is not None:
            raise
        (folder / platform_files.NOTE).unlink(missing_ok=True)
        return None


def _pid(folder: Path) -> int | None:
    """Return the process that serves the folder, also by a damaged note."""
    try:
        note = platform_files.note(folder)
    except DamagedFile:
        return owner(folder)
    return note.pid if note is not None and _alive(folder, note.pid) else None


def _settings(folder: Path, note: Note) -> Settings:
    keys = platform_files.credentials(folder)
    return Settings(
        endpoint=note.endpoint,
        access_key=keys["access_key"],
        secret_key=keys["secret_key"],
        vms_address=note.vms_address,
        vms_user=keys["vms_user"],
        vms_password=keys["vms_password"],
        vms_cert_file=keys["cert_file"],
        engine="embedded",
        folder=folder,
    )


def _alive(folder: Path, pid: int) -> bool:
    if _started.get(pid) == folder:
        _reap(pid)
        if pid in _started:
            return True  # its command line is empty for a moment after its start
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError, OverflowError):
        return False
    return serves(pid, folder)


def _reap(pid: int) -> None:
    """Reap a child that ended; another thread may have done it."""
    try:
        ended = os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        ended = True
    if ended:
        _started.pop(pid, None)


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


def _wait_answering(folder: Path, note: Note) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and _alive(folder, note.pid):
        if _answers(note.endpoint):
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
