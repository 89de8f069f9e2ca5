"""Backups of a platform's folder, made while it runs, and verified before use.

A backup holds one moment of the three databases and of all their files, as if the
platform had been killed at that moment. The remaining files of the folder (credentials,
certificates, checkpoints of the watcher, observatories) are copied just before it, so
that a checkpoint is never ahead of the rows it counts.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orbital_kernel.config import Settings
from orbital_kernel.config.locks import OWNER, Lock
from orbital_kernel.embedded import manifest, platform
from orbital_kernel.embedded.copies import Copy, copied
from orbital_kernel.embedded.manifest import Entry, Manifest
from orbital_kernel.embedded.transfer import (
    Progress,
    copy_database,
    copy_file,
    disk_errors,
    entry_of,
    files_below,
    require_space,
)
from orbital_kernel.embedded.unfinished import MARKER, UNFINISHED, finish, unfinished
from orbital_kernel.errors import PlatformError

STORE = frozenset({"tables", "objects", "vms.sqlite", "mark.json", "store.json"})
"""What the platform itself gives a copy of."""
TRANSIENT = frozenset(
    {"standin.json", "standin.lock", "start.lock", "backup.lock", "ports.json"}
    | {"copying", "verified.json", MARKER}
)
"""What belongs to a process or to the place of a folder."""
EXCLUDED = frozenset({"lost", "logs", "standin.log", "access.log", "access.log.1"})
"""What is not needed to serve the data; a backup names what it leaves."""
DATABASE_SUFFIX = ".sqlite"
COMPANIONS = tuple(DATABASE_SUFFIX + end for end in ("-wal", "-shm", "-journal"))


@dataclass(frozen=True)
class Backup:
    """A complete backup; `orbital backup --json` prints these fields."""

    backup: str
    data_dir: str
    moment_utc: str
    files: int
    bytes: int
    excluded: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: int = 0
    """Files in the folder that the backup does not list: nothing uses them."""
    damaged: tuple[str, ...] = ()
    """Files that were damaged in the platform itself, and are so in the backup."""


def backup(
    folder: Path, target: Path, on_progress: Progress = lambda *_: None
) -> Backup:
    """Copy a platform's folder to a new folder, while it is in use.

    A platform that does not run is started for it and stopped again. Until the backup is
    complete its folder is named `….partial`, and it is removed if anything fails. It
    holds the platform's credentials and is readable by its owner only.

    The platform reads what is copied against its checksums. A file that is damaged is
    copied as it is and named in `damaged`: what is whole can still be saved.

    Parameters
    ----------
    folder
        The platform's folder.
    target
        The backup's folder: new, or empty.
    on_progress
        Called with bytes done and bytes in all.

    Returns
    -------
    Backup
        Its moment, files, bytes, and what is not in it.

    Raises
    ------
    PlatformError
        If the folder holds no platform, the target holds something or lies in the
        folder, or the disk has no room.
    """
    folder, target = folder.resolve(), target.absolute()
    _check(folder, target)
    with (
        disk_errors(target),
        _alone(folder),
        unfinished(target, UNFINISHED[0]) as partial,
    ):
        others, excluded = _copy_others(folder, partial)
        with _serving(folder) as settings, copied(settings) as copy:
            entries = _copy_store(copy, partial, on_progress)
        contents = Manifest(
            str(folder),
            copy.store,
            copy.moment,
            copy.version,
            files=(*others, *entries),
            excluded=excluded,
            missing=copy.missing,
            damaged=copy.damaged,
        )
        _write(contents, partial)
        finish(partial, target)
    return _summary(target, contents)


def verify(target: Path, on_progress: Progress = lambda *_: None) -> Backup:
    """Read every file of a backup and compare it with its SHA-256.

    Parameters
    ----------
    target
        The backup's folder.
    on_progress
        Called with bytes done and bytes in all.

    Returns
    -------
    Backup
        Its moment, files, bytes, and what is not in it.

    Raises
    ------
    PlatformError
        If it is not a complete backup, or a file differs; the message names the file.
    """
    target = target.absolute()
    contents = manifest.read(target)
    done = 0
    with disk_errors(target):
        for entry in contents.files:
            path = target / entry.path
            actual = entry_of(path, entry.path) if path.is_file() else None
            require_same(entry, actual, target)
            done += entry.size
            on_progress(done, contents.bytes)
    return _summary(target, contents)


def require_same(entry: Entry, actual: Entry | None, target: Path) -> None:
    """Raise PlatformError, which names the file, if it is not what the backup lists."""
    if actual is None or actual != entry:
        state = "missing" if actual is None else "damaged"
        raise PlatformError(
            f"{entry.path} of the backup {target} is {state}: nothing was changed; use "
            "another backup"
        )


def holds_platform(folder: Path) -> bool:
    """Return whether a folder holds the data of a platform."""
    return any((folder / name).exists() for name in STORE)


def _check(folder: Path, target: Path) -> None:
    if not holds_platform(folder):
        raise PlatformError(f"{folder} holds no platform: name its folder with --data")
    if target.resolve().is_relative_to(folder):
        raise PlatformError(
            f"{target} is within the platform's folder {folder}: choose another place"
        )
    if target.is_mount():
        raise PlatformError(
            f"{target} is where a disk is mounted: name a new folder in it"
        )
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise PlatformError(
            f"{target} exists already and holds something, and a backup never replaces "
            "anything: choose a new name"
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    purpose = f"another backup of {folder}"
    with Lock(folder / "backup.lock", purpose, PlatformError).held(0):
        yield


@contextmanager
def _serving(folder: Path) -> Iterator[Settings]:
    """Give the settings of the platform; one that was started for this is stopped."""
    earlier = platform.status(folder).pid
    settings = platform.ensure(folder)
    # By number: one that was killed may be seen as running for a moment longer.
    started = platform.status(folder).pid != earlier
    try:
        yield settings
    finally:
        if started:
            platform.stop(folder)


def _copy_others(folder: Path, partial: Path) -> tuple[list[Entry], tuple[str, ...]]:
    """Copy what is not the store's; return the entries, and what is not copied."""
    entries, excluded = [], []
    for path in sorted(folder.iterdir()):
        if path.name in STORE | TRANSIENT or path.name.startswith("vms.sqlite-"):
            continue
        if path.name in EXCLUDED or (path.is_symlink() and path.is_dir()):
            excluded.append(path.name)
            continue
        files = files_below(path) if path.is_dir() else [("", path)]
        for below, source in files:
            name = f"{path.name}/{below}" if below else path.name
            if not name.endswith((*COMPANIONS, ".lock", OWNER, ".transaction")):
                entries += _copy_other(source, partial / name, name)
    return entries, tuple(excluded)


def _copy_other(source: Path, target: Path, name: str) -> list[Entry]:
    copy = copy_database if name.endswith(DATABASE_SUFFIX) else copy_file
    try:
        return [copy(source, target, name)]
    except FileNotFoundError:  # removed or renamed since the folder was listed
        target.unlink(missing_ok=True)
        return []


def _copy_store(copy: Copy, partial: Path, on_progress: Progress) -> list[Entry]:
    files = list(files_below(copy.folder))
    total = sum(path.stat().st_size for _, path in files)
    require_space(partial, total)
    entries: list[Entry] = []
    done = 0
    for name, path in files:
        entries.append(copy_file(path, partial / name, name))
        done += entries[-1].size
        on_progress(done, total)
    return entries


def _write(contents: Manifest, partial: Path) -> None:
    path = partial / manifest.NAME
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(contents.dumps())
        file.flush()
        os.fsync(file.fileno())


def _summary(target: Path, contents: Manifest) -> Backup:
    listed = {entry.path for entry in contents.files} | {manifest.NAME, MARKER}
    return Backup(
        str(target),
        contents.data_dir,
        contents.moment_utc,
        len(contents.files),
        contents.bytes,
        contents.excluded,
        contents.missing,
        sum(name not in listed for name, _ in files_below(target)),
        contents.damaged,
    )
