"""DataFolder: the files of data of a platform, and their checksums."""

import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vast_standin.blocks import packed, unpacked
from vast_standin.engine.file_writer import FileWriter
from vast_standin.engine.files import REMOVE, DataFile, Report, unheard
from vast_standin.engine.newest import Newest


@dataclass
class DataFolder:
    """The folder of data files."""

    path: Path
    durable: bool = False
    newest: Newest = field(default_factory=Newest)
    remove: Callable[[Path], None] = REMOVE
    """What is done with a file that nothing needs any more."""
    report: Report = unheard
    """Called with path and error of a file that is damaged or cut."""
    sums: dict[str, bytes] = field(default_factory=dict)
    """The stored checksums of committed files, by name."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: "weakref.WeakValueDictionary[str, DataFile]" = field(
        default_factory=weakref.WeakValueDictionary
    )

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)

    def file(self, name: str) -> DataFile:
        """Return the file of a name, always the same object."""
        with self._lock:
            file = self._open.get(name)
            if file is None:
                runs = {run.offset: run for run in unpacked(self.sums.get(name, b""))}
                file = DataFile(self.path / name, self.remove, runs, self.report)
                self._open[name] = file
            return file

    def writer(self, name: str, *, load: bool = False) -> FileWriter:
        """Begin a new file; with `load`, memory keeps only its newest bytes."""
        newest = self.newest if load else None
        return FileWriter(self.file(name), self.durable, newest)

    def keep_sums(self, name: str) -> bytes:
        """Return the checksums of a file that was written, for the catalogue."""
        runs = self.file(name).runs
        self.sums[name] = packed(runs[offset] for offset in sorted(runs))
        return self.sums[name]

    def sizes(self) -> dict[str, int]:
        """Return the size of every file."""
        with os.scandir(self.path) as entries:
            return {e.name: e.stat().st_size for e in entries}
