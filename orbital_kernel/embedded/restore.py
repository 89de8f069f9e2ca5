"""Restores a backup as a platform's folder; a folder that is replaced is set aside."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

from orbital_kernel.config.locks import Lock
from orbital_kernel.embedded import manifest, platform
from orbital_kernel.embedded.backup import EXCLUDED, TRANSIENT, require_same
from orbital_kernel.embedded.files import PORTS
from orbital_kernel.embedded.transfer import (
    Progress,
    copy_file,
    disk_errors,
    require_space,
)
from orbital_kernel.embedded.unfinished import UNFINISHED, exchange, finish, unfinished
from orbital_kernel.errors import PlatformError


@dataclass(frozen=True)
class Restored:
    """A restored folder; `orbital restore --json` prints these fields."""

    data_dir: str
    backup: str
    moment_utc: str
    files: int
    bytes: int
    missing: tuple[str, ...]
    set_aside: str | None
    """Where the folder that was replaced is now."""
    damaged: tuple[str, ...] = ()
    """Files that were damaged already when the backup was made."""


def restore(
    source: Path,
    folder: Path,
    on_progress: Progress = lambda *_: None,
    *,
    replace: bool = False,
) -> Restored:
    """Make a backup the platform's folder; start it afterwards with `ensure`.

    Every file is compared with its SHA-256 while it is copied, and the folder takes its
    place only when all of it is on disk. A folder that was there is renamed, not deleted.

    Parameters
    ----------
    source
        The backup's folder.
    folder
        The platform's folder.
    on_progress
        Called with bytes done and bytes in all.
    replace
        Set a folder that holds data aside. Without it such a folder is refused.

    Returns
    -------
    Restored
        Its files and bytes, and where the earlier folder is.

    Raises
    ------
    PlatformError
        If the backup is not complete or a file of it is damaged, the platform of the
        folder runs, or the folder holds data; nothing is changed then.
    """
    source, folder = source.absolute(), folder.resolve()
    contents = manifest.read(source)
    _require_free(folder, replace=replace)
    aside = None
    with (
        disk_errors(folder),
        _stopped(folder),
        unfinished(folder, UNFINISHED[1]) as partial,
    ):
        require_space(partial, contents.bytes)
        _fill(source, contents, partial, on_progress)
        if _is_empty(folder):
            finish(partial, folder)
        else:
            aside = _free_name(folder)
            if (folder / PORTS).is_file():  # addresses stay valid
                copyfile(folder / PORTS, partial / PORTS)
            exchange(partial, folder, aside)
    return Restored(
        str(folder),
        str(source),
        contents.moment_utc,
        len(contents.files),
        contents.bytes,
        contents.missing,
        str(aside) if aside else None,
        contents.damaged,
    )


def _require_free(folder: Path, *, replace: bool) -> None:
    if folder.is_mount():
        raise PlatformError(
            f"{folder} is where a disk is mounted: restore to a new folder in it with "
            "--data"
        )
    if _is_empty(folder) or replace:
        return
    names = [
        path.name
        for path in folder.iterdir()
        if path.name not in TRANSIENT and path.name not in EXCLUDED
    ]
    if names:
        raise PlatformError(
            f"{folder} holds data already ({', '.join(sorted(names)[:3])}): restore to "
            "another folder with --data, or set this one aside with --replace"
        )


@contextmanager
def _stopped(folder: Path) -> Iterator[None]:
    """Keep the folder's platform from starting; PlatformError if it runs."""
    if _is_empty(folder):
        yield
        return
    pid = platform.status(folder).pid
    with ExitStack() as locks:
        try:
            for name in ("start.lock", "standin.lock", "backup.lock"):
                lock = Lock(folder / name, f"what holds {name}", PlatformError)
                locks.enter_context(lock.held(0))
        except PlatformError as error:
            process = (
                f"pid {pid}" if pid else f"it is starting, stopping or copied: {error}"
            )
            raise PlatformError(
                f"the platform of {folder} is in use ({process}): run `orbital down "
                f"--data {folder}` first"
            ) from error
        yield


def _fill(
    source: Path, contents: manifest.Manifest, partial: Path, on_progress: Progress
) -> None:
    done = 0
    for entry in contents.files:
        path = source / entry.path
        actual = (
            copy_file(path, partial / entry.path, entry.path)
            if path.is_file()
            else None
        )
        require_same(entry, actual, source)
        done += entry.size
        on_progress(done, contents.bytes)


def _is_empty(folder: Path) -> bool:
    if folder.exists() and not folder.is_dir():
        raise PlatformError(f"{folder} is a file: choose a folder with --data")
    return not folder.exists() or not any(folder.iterdir())


def _free_name(folder: Path) -> Path:
    """Name the folder that is set aside, by the time."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    return folder.with_name(f"{folder.name}.replaced-{stamp}")
