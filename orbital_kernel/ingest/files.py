"""Which files a run is about, in an order that does not depend on how it was asked."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from orbital_kernel.errors import ArchiveError


def files_of(paths: Iterable[str | Path]) -> list[Path]:
    """Return every file of these files and folders, folders walked in order of name.

    Raises ArchiveError for a path that does not exist.
    """
    found: list[Path] = []
    for given in map(Path, paths):
        if given.is_dir():
            found += sorted(
                Path(root) / name
                for root, _, names in os.walk(given)
                for name in names
                if not name.startswith(".")
            )
        elif given.exists():
            found.append(given)
        else:
            raise ArchiveError(f"there is no file or folder {given}")
    return found


def in_order(files: Iterable[Path]) -> list[Path]:
    """Return each file once, in order of name: the order rows are written in.

    Logs and catalogues update each other, so that the order is part of the result.
    """
    return sorted(dict.fromkeys(files))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content; OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size_of(path: Path) -> int:
    """Return a file's size in bytes, 0 where it has gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
