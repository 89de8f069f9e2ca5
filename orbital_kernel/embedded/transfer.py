"""Files copied with their SHA-256, private to their owner, on disk on return."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from orbital_kernel.embedded.manifest import Entry
from orbital_kernel.errors import PlatformError

BLOCK = 1 << 20
SPARE_BYTES = 16 << 20

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn errors of the operating system about a backup into one sentence."""
    try:
        yield
    except OSError as error:
        raise PlatformError(
            f"{error.filename or place} cannot be read or written "
            f"({error.strerror or error}): nothing was changed; check the disk and that "
            f"{place} may be written, and run the same again"
        ) from error


def copy_file(source: Path, target: Path, name: str) -> Entry:
    """Copy one file; return its entry under a name."""
    _make_folder(target.parent)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as reader, os.fdopen(descriptor, "wb") as writer:
        while block := reader.read(BLOCK):
            digest.update(block)
            size += writer.write(block)
        writer.flush()
        os.fsync(writer.fileno())
    return Entry(name, size, digest.hexdigest())


def copy_database(source: Path, target: Path, name: str) -> Entry:
    """Copy an SQLite database of another process as of one moment.

    Opened for writing, so that SQLite can undo what a killed process left unfinished.
    """
    if not source.is_file():
        raise FileNotFoundError(source)
    _make_folder(target.parent)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(
                sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)
            ) as database,
            closing(sqlite3.connect(target)) as copy,
        ):
            database.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
    except sqlite3.Error as error:
        raise PlatformError(
            f"{source} cannot be read as a database ({error}): repair it, or move it out "
            "of the platform's folder, and run the same again"
        ) from error
    return entry_of(target, name)


def entry_of(path: Path, name: str) -> Entry:
    """Read a file and return its entry; it is forced to the disk."""
    with path.open("rb") as reader:
        digest = hashlib.file_digest(reader, "sha256").hexdigest()
        os.fsync(reader.fileno())
        return Entry(name, os.fstat(reader.fileno()).st_size, digest)


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every regular file below a folder, by its path from there."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, all private."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700)


def require_space(folder: Path, size: int) -> None:
    """Raise PlatformError if a folder's disk has no room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if free < size + SPARE_BYTES:
        raise PlatformError(
            f"{folder} has {free / 1e6:,.0f} MB of free space, and "
            f"{(size + SPARE_BYTES) / 1e6:,.0f} MB are needed: free some or choose "
            "another place"
        )
