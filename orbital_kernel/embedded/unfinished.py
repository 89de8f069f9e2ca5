"""Folders that appear complete or not at all: filled beside their place, then renamed."""

import ctypes
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orbital_kernel.errors import PlatformError

MARKER = "unfinished.txt"
UNFINISHED = ".partial", ".restoring"
"""What the names of such folders end in: backups, and restored folders."""
TEXT = (
    "Orbital fills a folder whose name ends in .partial or .restoring, or was "
    "interrupted: the same command clears it and begins again.\n"
)
_AT_FDCWD, _EXCHANGE = -100, 2


@contextmanager
def unfinished(place: Path, suffix: str) -> Iterator[Path]:
    """Give an empty folder beside a place, which no other process fills.

    What an interrupted process left in it is removed first; it is removed at the end too,
    unless it was renamed. Raises PlatformError if another process fills it now.
    """
    path = place.with_name(place.name + suffix)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, path)
        _clear(path)
        try:
            yield path
        finally:
            if (path / MARKER).exists():
                shutil.rmtree(path)
    finally:
        os.close(descriptor)


def finish(path: Path, place: Path) -> None:
    """Give a filled folder its place, which is empty or free, and force it to the disk."""
    _sync_folders(path)
    path.rename(place)
    (place / MARKER).unlink()
    sync_folder(place)
    sync_folder(place.parent)


def exchange(path: Path, place: Path, aside: Path) -> None:
    """Give a filled folder the place of another, which moves aside.

    On Linux the two change places at once, so that the place is never empty.
    """
    _sync_folders(path)
    (place / MARKER).unlink(missing_ok=True)  # only what may be cleared carries it
    if _swap(path, place):
        path.rename(aside)
    else:
        place.rename(aside)
        path.rename(place)
    (place / MARKER).unlink()
    sync_folder(place)
    sync_folder(place.parent)


def sync_folder(path: Path) -> None:
    """Force the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PlatformError(
            f"another process fills {path} now: wait until it ends"
        ) from error
    if not path.exists() or path.stat().st_ino != os.fstat(descriptor).st_ino:
        raise PlatformError(
            f"another process has just renamed or removed {path}: run the same again"
        )


def _clear(path: Path) -> None:
    """Empty a folder that carries the marker; refuse one with anything else in it."""
    names = {entry.name for entry in path.iterdir()}
    if names and MARKER not in names:
        raise PlatformError(
            f"{path} holds files that are not those of an interrupted run, perhaps the "
            "folder that a killed restore replaced: give it another name"
        )
    (path / MARKER).write_text(TEXT)
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MARKER:
            entry.unlink()


def _sync_folders(path: Path) -> None:
    for folder, _, _ in os.walk(path):
        sync_folder(Path(folder))


def _swap(path: Path, place: Path) -> bool:
    """Exchange two folders at once; False if the system or file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    call = getattr(ctypes.CDLL(None), "renameat2", None)
    if call is None:
        return False
    names = os.fsencode(path), os.fsencode(place)
    return bool(call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE) == 0)
