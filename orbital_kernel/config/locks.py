"""Locks of the platform's folder, which say who holds them and for how long.

A lock is a file that the operating system locks for as long as its owner lives; a note
beside it names the owner. Both lie in a folder of the user's own, where no other user can
put or hold them. The note informs only: it never decides whether the lock is free.
"""

import json
import logging
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from orbital_kernel.errors import OrbitalError

LOG = logging.getLogger(__name__)
OWNER = ".owner"
SILENT_SECONDS = 2.0
LONGEST_SECONDS = 600.0
_LONGEST_COMMAND = 160


@dataclass(frozen=True)
class Owner:
    """Who holds a lock."""

    pid: int
    user: str
    host: str
    command: str
    since: str

    @property
    def lives(self) -> bool:
        """Whether the process is still there; one of another machine may be."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:  # of another user
            return True
        return True

    def __str__(self) -> str:
        """Return the owner in words."""
        begun = datetime.fromisoformat(self.since)
        age = max(0.0, (datetime.now(UTC) - begun).total_seconds())
        return (
            f"process {self.pid} of {self.user} on {self.host} (`{self.command}`), since "
            f"{begun:%Y-%m-%d %H:%M:%S} UTC, {age:.0f} s ago"
        )


class Lock:
    """One lock file; `purpose` says for people what its owner does, as in 'an ingest'."""

    def __init__(self, path: Path, purpose: str, error: type[OrbitalError]) -> None:
        self.path, self._purpose, self._error = path, purpose, error
        self._note = path.with_name(path.name + OWNER)
        # It may be released in another thread than it was acquired in.
        self._lock = FileLock(path, mode=0o600, thread_local=False)

    def acquire(self, wait_s: float = LONGEST_SECONDS) -> None:
        """Take the lock; say after 2 s who holds it, and raise the error at the limit."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        begun = time.monotonic()
        try:
            self._lock.acquire(timeout=min(wait_s, SILENT_SECONDS))
        except Timeout:
            if wait_s <= SILENT_SECONDS:
                raise self._refusal(wait_s) from None
            LOG.warning(
                "waiting at most %.0f s for %s to end: %s holds %s",
                wait_s,
                self._purpose,
                self.owner or "a process that left no name",
                self.path,
            )
            try:
                self._lock.acquire(timeout=wait_s - (time.monotonic() - begun))
            except Timeout:
                raise self._refusal(wait_s) from None
        self._sign()

    def release(self) -> None:
        """Release the lock."""
        self._note.unlink(missing_ok=True)
        self._lock.release()

    @contextmanager
    def held(self, wait_s: float = LONGEST_SECONDS) -> Iterator[None]:
        """Hold the lock for a block."""
        self.acquire(wait_s)
        try:
            yield
        finally:
            self.release()

    @property
    def owner(self) -> Owner | None:
        """Who holds the lock, or held it last; None if that is not known."""
        try:
            owner = Owner(**json.loads(self._note.read_bytes()))
            datetime.fromisoformat(owner.since)
        except (OSError, ValueError, TypeError):
            return None
        return owner

    def _refusal(self, wait_s: float) -> OrbitalError:
        waited = f" after {wait_s:.0f} s" if wait_s else ""
        return self._error(
            f"{self._purpose} is not finished{waited}: "
            f"{self.owner or 'a process that left no name'} holds {self.path}; wait until "
            "it ends, or end it, then run the same again"
        )

    def _sign(self) -> None:
        owner = Owner(
            os.getpid(),
            _user(),
            socket.gethostname(),
            shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:_LONGEST_COMMAND],
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        scratch = self._note.with_name(f"{self._note.name}.{os.getpid()}")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(owner), file)
        scratch.replace(self._note)


def holders(folder: Path) -> dict[str, str]:
    """Return who holds locks of a folder or right below it, in words, by their names.

    An owner of this machine that has ended holds nothing any more.
    """
    notes = [*folder.glob(f"*.lock{OWNER}"), *folder.glob(f"*/*.lock{OWNER}")]
    paths = [note.with_name(note.name.removesuffix(OWNER)) for note in sorted(notes)]
    owners = {path: Lock(path, "", OrbitalError).owner for path in paths}
    return {
        path.relative_to(folder).as_posix(): str(owner)
        for path, owner in owners.items()
        if owner and owner.lives
    }


def _user() -> str:
    """Return the name of this process's user, or the number if it has none."""
    try:
        import pwd  # noqa: PLC0415 - not on every system

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return str(os.getuid())
