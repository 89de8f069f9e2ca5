"""The files of a run, in an order that does not depend on how they were given."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from orbital_kernel.errors import ArchiveError


def files_of(paths: Iterable[str | Path]) -> list[Path]:
    """Return every file of these files and folders, folders walked in order of name.

    Raises ArchiveError for a path that does not exist.
    """
    files: list[Path] = []
    for given in map(Path, paths):
        if given.is_dir():
            files += sorted(
                Path(root) / name
                for root, _, names in os.walk(given)
                for name in names
                if not name.startswith(".")
            )
        elif given.exists():
            files.append(given)
        else:
            raise ArchiveError(f"there is no file or folder {given}: check the path")
    return files


def in_order(files: Iterable[Path]) -> list[Path]:
    """Return each file once, in order of name: the order rows are written in.

    Logs and catalogues update each other, so the order affects the result.
    """
    return sorted(dict.fromkeys(files))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content; OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size_of(path: Path) -> int:
    """Return a file's size in bytes, 0 if it no longer exists."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
