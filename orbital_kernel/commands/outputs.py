"""Places that commands write to, checked before the work begins."""

import errno
import os
from pathlib import Path
from typing import Any

import click

from orbital_kernel.errors import ConfigError, system_sentence


class _Output(click.Path):
    """A path to write to; what forbids it is an error before the work, not after."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the path; ConfigError if nothing can be written there."""
        try:
            path = Path(os.fsdecode(super().convert(value, param, ctx)))
            _require_writable(path)
        except OSError as error:
            raise ConfigError(f"cannot write to {system_sentence(error)}") from None
        return path


class OutputFile(_Output):
    """A file to write."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)


class OutputFolder(_Output):
    """A folder to write files into; it is made if it is missing."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)


def _require_writable(path: Path) -> None:
    """Raise OSError if neither the path nor its nearest folder can be written to."""
    place = path.absolute()
    while not _exists(place):
        place = place.parent
    if place != path.absolute() and not place.is_dir():
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if not os.access(place, os.W_OK):
        number = errno.EROFS if _is_read_only(place) else errno.EACCES
        raise OSError(number, os.strerror(number), str(path))


def _exists(path: Path) -> bool:
    """Whether a path exists; an error of the system is raised, but for a file above it."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _is_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
