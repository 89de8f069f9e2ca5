"""Which files of a copy are not as they were written."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from vast_standin.blocks import Read, unpacked
from vast_standin.custody.database import problem_of

FOLDERS = {
    "tables/catalogue.sqlite": "tables/segments",
    "objects/index.sqlite": "objects/data",
}
"""The databases that keep checksums of files, and where these files are."""


def damaged_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Read a copy against its checksums; yield name and damage of each damaged file.

    Nothing changes the copy meanwhile. Files that it lacks, and those of older programs
    without checksums, are not damaged.
    """
    for path in sorted(folder.rglob("*.sqlite")):
        name = path.relative_to(folder).as_posix()
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(address, uri=True)) as db:
                if problem := problem_of(db):
                    yield name, problem
                if name in FOLDERS:
                    yield from _damaged(folder, FOLDERS[name], db)
        except sqlite3.DatabaseError as error:
            yield name, str(error)


def _damaged(
    folder: Path, place: str, db: sqlite3.Connection
) -> Iterator[tuple[str, str]]:
    for file, runs in db.execute("SELECT file, runs FROM sums ORDER BY file"):
        name = f"{place}/{file}"
        try:
            descriptor = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            if problem := _damage(descriptor, runs):
                yield name, problem
        finally:
            os.close(descriptor)


def _damage(descriptor: int, runs: bytes) -> str:
    for run in unpacked(runs):
        place = run.damage(_reader(descriptor, run.offset), 0, run.length)
        if place is not None:
            return (
                f"bytes {place[0]} to {place[1]} do not have the checksum they were "
                "written with"
            )
    return ""


def _reader(descriptor: int, offset: int) -> Read:
    return lambda low, high: os.pread(descriptor, high - low, offset + low)
