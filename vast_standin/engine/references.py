"""References to data files: files without any are deleted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vast_standin.engine.files import DataFile
from vast_standin.engine.root import Root
from vast_standin.engine.segment import Segment


@dataclass
class References:
    """Counts the uses of each file; a file without any is doomed.

    A doomed file is unlinked when the last snapshot that reads it is gone.
    """

    _uses: Counter[str] = field(default_factory=Counter)

    def move(self, old: Root, new: Root) -> None:
        """Count the files that a new root adds and those it drops."""
        for file in list(_changed(new, old)):
            self._uses[file.name] += 1
        for file in list(_changed(old, new)):
            self._uses[file.name] -= 1
            if self._uses[file.name] <= 0:
                del self._uses[file.name]
                file.doomed.set()

    def difference(self, old: Root, new: Root) -> tuple[set[str], set[str]]:
        """Name the files that a move would begin to use, and those it would doom."""
        change = Counter(file.name for file in _changed(new, old))
        change.subtract(Counter(file.name for file in _changed(old, new)))
        gained = {f for f, n in change.items() if n > 0 and not self._uses[f]}
        dropped = {f for f, n in change.items() if n < 0 and self._uses[f] + n <= 0}
        return gained, dropped

    def uses(self, file: DataFile) -> bool:
        """Return whether committed data is in a file."""
        return file.name in self._uses

    @property
    def names(self) -> list[str]:
        """Name the files in use."""
        return list(self._uses)

    @property
    def files(self) -> int:
        """Count the files in use."""
        return len(self._uses)


def _changed(root: Root, other: Root) -> Iterator[DataFile]:
    """Name the file of each thing only one root has, once for each such thing."""
    for table in root.tables.values():
        twin = other.tables.get(table.id)
        if twin is table:
            continue
        shared = {id(s) for s in twin.segments} if twin is not None else set()
        yield from _files(s for s in table.segments if id(s) not in shared)
        runs = twin.runs if twin is not None else ()
        pieces = {id(piece) for run in runs for piece in run.pieces}
        for run in table.runs:
            for piece in run.pieces:
                if id(piece) not in pieces and piece.extent is not None:
                    yield piece.extent.file


def _files(segments: Iterable[Segment]) -> Iterator[DataFile]:
    for segment in segments:
        if segment.base.extent is not None:
            yield segment.base.extent.file
        for patch in segment.patches:
            yield patch.extent.file
