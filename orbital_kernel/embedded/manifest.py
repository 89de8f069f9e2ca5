"""What a backup holds: each file with size and SHA-256, and what is not in it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from orbital_kernel.embedded.unfinished import MARKER, UNFINISHED
from orbital_kernel.errors import PlatformError

NAME = "backup.json"
FORMAT = 1
DIGEST = "digest"


@dataclass(frozen=True)
class Entry:
    """One file: its path below the folder, its bytes and their SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The list of a backup's files, and the moment they belong to."""

    data_dir: str
    store: str
    moment_utc: str
    version: str
    files: tuple[Entry, ...]
    excluded: tuple[str, ...] = ()
    """Entries of the platform's folder that are not copied."""
    missing: tuple[str, ...] = ()
    """Files that the platform lacked itself."""
    damaged: tuple[str, ...] = ()
    """Files that were damaged in the platform itself, and are so in the backup."""
    format: int = field(default=FORMAT)

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)

    def dumps(self) -> str:
        """Return the stored form, with a digest of everything in it."""
        document = asdict(self)
        return json.dumps(document | {DIGEST: _digest(document)}, indent=1) + "\n"


def read(folder: Path) -> Manifest:
    """Return the manifest of a backup; PlatformError if the folder is not a usable one."""
    path = folder / NAME
    if (folder / MARKER).exists() and folder.name.endswith(UNFINISHED):
        raise _incomplete(folder)
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise _incomplete(folder) from error
    except OSError as error:
        raise PlatformError(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise _damaged(path) from error
    return _checked(path, document)


def _checked(path: Path, document: Any) -> Manifest:
    digest = document.pop(DIGEST, None) if isinstance(document, dict) else None
    if digest is None or digest != _digest(document):
        raise _damaged(path)
    if document["format"] != FORMAT:
        raise PlatformError(
            f"{path} has format {document['format']}, this version reads {FORMAT}: use "
            "the version of Orbital that wrote it"
        )
    files = tuple(Entry(**entry) for entry in document.pop("files"))
    outside = [entry.path for entry in files if not _is_inside(entry.path)]
    if outside:
        raise PlatformError(f"{path} names {outside[0]}, which is outside the backup")
    for name in ("excluded", "missing", "damaged"):
        document[name] = tuple(document.get(name, ()))
    return Manifest(files=files, **document)


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _incomplete(folder: Path) -> PlatformError:
    return PlatformError(
        f"{folder} is not a complete backup: name a folder that `orbital backup` wrote to "
        "its end"
    )


def _damaged(path: Path) -> PlatformError:
    return PlatformError(
        f"{path} is damaged: its content does not have the digest it names; use another "
        "backup"
    )
