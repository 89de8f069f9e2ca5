"""The data files of a folder read against their checksums, for upkeep."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vast_standin.blocks import Run, damaged, run_of
from vast_standin.engine.data_folder import DataFolder
from vast_standin.engine.files import DataFile, Extent
from vast_standin.engine.root import Root
from vast_standin.engine.segment import Segment

Pace = Callable[[int], None]
"""Called with the number of bytes read; it waits, and may raise to give up."""


@dataclass(frozen=True)
class Extents:
    """The extents of some states of the database, by file."""

    by_file: dict[str, dict[int, Extent]]

    @classmethod
    def of(cls, roots: Iterator[Root]) -> "Extents":
        """Collect those of roots."""
        by_file: dict[str, dict[int, Extent]] = {}
        for root in roots:
            for table in root.tables.values():
                pieces = (p.extent for run in table.runs for p in run.pieces)
                for extent in (*_extents(table.segments), *pieces):
                    if extent is not None:
                        of_file = by_file.setdefault(extent.file.name, {})
                        of_file[extent.offset] = extent
        return cls(by_file)


def verify_file(
    folder: DataFolder, name: str, extents: dict[int, Extent], pace: Pace
) -> bool:
    """Read all of a file; return whether it got checksums, which it did not have.

    Raises ProtocolError 500, and reports it, if a block is not as written.
    """
    file = folder.file(name)
    file.settle()
    descriptor = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for run in list(file.runs.values()):
            _verify_run(file, descriptor, run, pace)
        missing = [e for offset, e in extents.items() if offset not in file.runs]
        for extent in missing:
            file.runs[extent.offset] = _summed(descriptor, extent, pace)
    finally:
        os.close(descriptor)
    return bool(missing)


def _verify_run(file: DataFile, descriptor: int, run: Run, pace: Pace) -> None:
    def read(low: int, high: int) -> bytes:
        pace(high - low)
        return os.pread(descriptor, high - low, run.offset + low)

    again = Run(run.offset, run.length, run.sums)
    place = again.damage(read, 0, run.length)
    if place is not None:
        run.forget()
        raise file.broken(damaged("rows of a table are in", file.path, place))


def _summed(descriptor: int, extent: Extent, pace: Pace) -> Run:
    def pieces() -> Iterator[bytes]:
        at, end = extent.offset, extent.offset + extent.length
        while at < end:
            data = os.pread(descriptor, min(1 << 20, end - at), at)
            if not data:
                raise extent.file.cut()
            pace(len(data))
            at += len(data)
            yield data

    return run_of(extent.offset, pieces())


def _extents(segments: tuple[Segment, ...]) -> Iterator[Extent | None]:
    for segment in segments:
        yield segment.base.extent
        for patch in segment.patches:
            yield patch.extent
