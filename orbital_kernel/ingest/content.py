"""What a file's content is: its unpacked bytes, so that packing makes no difference.

An archive's file and what `gunzip -k` leaves beside it are one content. The bytes as
stored have a hash of their own, by which ledgers of an earlier Orbital know packed files.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from orbital_kernel.archives.formats.bounded import GZIP, open_bounded
from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest.files import sha256_of

State = tuple[int, ...]
"""Device, inode, size, and times of modification and of status change."""


def content_of(path: Path, packed: str) -> str:
    """Return the SHA-256 of the unpacked bytes of a file whose own SHA-256 is `packed`.

    It is `packed` itself if the file is not gzipped, or cannot be unpacked.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(GZIP)) != GZIP:
                return packed
        with open_bounded(path) as unpacked:
            return hashlib.file_digest(unpacked, "sha256").hexdigest()  # type: ignore[arg-type]
    except (ArchiveError, OSError):
        return packed


def hashes_of(path: Path) -> tuple[str, ...]:
    """Return the hashes a ledger may know a file by; OSError if it cannot be read."""
    packed = sha256_of(path)
    return tuple(dict.fromkeys((content_of(path, packed), packed)))


def contents_of(files: Iterable[Path]) -> set[str]:
    """Return all these hashes of files; one that cannot be read is refused later."""
    contents: set[str] = set()
    for path in files:
        with suppress(ArchiveError, OSError):
            contents.update(hashes_of(path))
    return contents


def state_of(path: Path) -> State:
    """Return what changes when a file is written to; OSError if it does not exist."""
    status = path.stat()
    return (
        *(status.st_dev, status.st_ino, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )


def change_of(path: Path, before: State, packed: str) -> str | None:
    """Return why a file is not what was hashed; None if its bytes are the same."""
    try:
        after = state_of(path)
        if after == before or (after[2] == before[2] and sha256_of(path) == packed):
            return None
    except (ArchiveError, OSError) as error:
        return f"{path.name} cannot be read to its end: {error}: offer it again"
    grown = f"from {before[2]:,} to {after[2]:,} bytes" if after[2] != before[2] else ""
    return " ".join(
        filter(None, (path.name, "changed", grown, "while it was read: offer it again"))
    )


def mapping_hash(mapping: str | None) -> str | None:
    """Return the SHA-256 of a mapping file; None without one."""
    if mapping is None:
        return None
    return hashlib.sha256(Path(os.fspath(mapping)).read_bytes()).hexdigest()
