"""The files of a run, in an order that does not depend on how they were given."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from orbital_kernel.archives.formats.bounded import open_regular
from orbital_kernel.errors import ArchiveError

CHUNK = 1 << 20


def files_of(paths: Iterable[str | Path]) -> list[Path]:
    """Return every file of these files and folders, folders walked in order of name.

    What cannot be walked (an unreadable folder, a link to a folder) is among them, to be
    refused with a reason. Raises ArchiveError for a path that does not exist.
    """
    files: list[Path] = []
    for given in map(Path, paths):
        if given.is_dir():
            files += sorted(_walk(given))
        elif _exists(given):
            files.append(given)
        else:
            raise ArchiveError(f"there is no file or folder {given}: check the path")
    return files


def _exists(path: Path) -> bool:
    """Return whether there is such a file, also where its folder cannot be looked into."""
    try:
        return path.exists()
    except PermissionError:
        return True


def _walk(folder: Path) -> list[Path]:
    """Return the files of a folder and its folders, less those whose names hide them."""
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(error.filename))

    files = [
        Path(root) / name
        for root, folders, names in os.walk(folder, onerror=note)
        for name in (*names, *(f for f in folders if Path(root, f).is_symlink()))
        if not name.startswith(".")
    ]
    return files + unreadable


def in_order(files: Iterable[Path]) -> list[Path]:
    """Return each file once, in order of name: the order rows are written in.

    Logs and catalogues update each other, so the order affects the result.
    """
    return sorted(dict.fromkeys(files))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a regular file's content.

    Raises OSError if it cannot be read; ArchiveError if it is a pipe, a device or another
    file without an end.
    """
    total = hashlib.sha256()
    with open_regular(path) as file:
        remaining = size = os.fstat(file.fileno()).st_size
        while data := file.read(min(CHUNK, remaining + 1)):
            remaining -= len(data)
            if remaining < 0:
                raise ArchiveError(
                    f"more bytes than its size of {size:,} says: it grows while it is "
                    "read; offer it again when it is complete"
                )
            total.update(data)
    return total.hexdigest()


def shown(path: Path) -> str:
    """Return a path as text that can be printed: other bytes and controls escaped."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in name
    )


def unreadable(path: Path) -> str:
    """Return why a path cannot be a file to read; '' if it can."""
    if shown(path) != str(path):
        return "its name holds bytes that are not printable UTF-8: rename it"
    if path.is_dir():
        linked = path.is_symlink()
        return (
            "a link to a folder, which is not followed: offer that folder itself"
            if linked
            else "the folder cannot be read: check its permissions"
        )
    return ""


def size_of(path: Path) -> int:
    """Return a file's size in bytes, 0 if it no longer exists."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
