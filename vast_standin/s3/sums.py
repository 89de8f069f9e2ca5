"""The checksums of the store's files: kept with their rows, from writing to removal."""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from vast_standin.blocks import Run, packed, unpacked
from vast_standin.s3.index import Index

_MOST = 4096


class FileSums:
    """The blocks of files, and which of these were verified, for the last ones used."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._written: dict[str, bytes] = {}
        self._used: OrderedDict[str, tuple[Run, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def written(self, file: str, runs: Iterable[Run]) -> None:
        """Take the blocks of a new file, until something names it."""
        self._written[file] = packed(runs)

    def copied(self, source: str, file: str) -> None:
        """Give a new file the blocks of another with the same bytes."""
        if runs := self.runs(source):
            self.written(file, runs)

    def joined(self, sources: Sequence[tuple[str, int]], file: str) -> None:
        """Give a new file the blocks of others, (name, size), that it holds in turn."""
        runs: list[Run] = []
        at = 0
        for source, size in sources:
            parts = self.runs(source)
            if not parts and size:
                return  # of an older program: upkeep reads it
            runs += (Run(at + r.offset, r.length, r.sums) for r in parts)
            at += size
        self.written(file, runs)

    def keep(self, db: sqlite3.Connection, file: str) -> None:
        """Store the blocks of a new file with the row that names it."""
        data = self._written.get(file)
        if data is not None:
            db.execute("INSERT OR REPLACE INTO sums VALUES (?, ?)", (file, data))

    def settled(self, file: str) -> None:
        """Forget what is stored now, or of a file that nothing will name."""
        self._written.pop(file, None)

    def runs(self, file: str) -> tuple[Run, ...]:
        """Return the blocks of a file; none if an older program wrote it."""
        with self._lock:
            runs = self._used.get(file)
            if runs is not None:
                self._used.move_to_end(file)
                return runs
        data = self._written.get(file)
        if data is None:
            rows = self._index.rows("SELECT runs FROM sums WHERE file=?", file)
            data = rows[0][0] if rows else None  # type: ignore[assignment]
        if data is None:
            return ()
        with self._lock:
            runs = self._used.setdefault(file, tuple(unpacked(data)))
            if len(self._used) > _MOST:
                self._used.popitem(last=False)
            return runs


def drop_sums(db: sqlite3.Connection, files: Iterable[str]) -> None:
    """Forget the blocks of files that a row no longer names, unless a snapshot does."""
    for file in files:
        db.execute(
            "DELETE FROM sums WHERE file=? AND NOT EXISTS "
            "(SELECT 1 FROM kept WHERE kept.file=sums.file)",
            (file,),
        )
