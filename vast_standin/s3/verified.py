"""The bytes of an object, verified block by block before anybody gets them."""

import io
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

from vast_standin.blocks import Run, damaged
from vast_standin.http import ProtocolError

Report = Callable[[Path, ProtocolError], None]


class VerifiedFile(io.RawIOBase):
    """An open file of the store; reading a damaged block raises ProtocolError 500.

    Without `runs` (an older program wrote it, and upkeep has not read it yet) nothing is
    verified.
    """

    def __init__(
        self, path: Path, key: str, runs: Sequence[Run], report: Report
    ) -> None:
        super().__init__()
        self._path, self._key, self._runs, self._report = path, key, runs, report
        self._offsets = [run.offset for run in runs]
        self._at = 0
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    @property
    def size(self) -> int:
        """Size of the file."""
        return os.fstat(self._file).st_size

    def verify(self, start: int, stop: int) -> None:
        """Verify a range; 500 with the file's name if it is damaged."""
        first = max(0, bisect_right(self._offsets, start) - 1)
        for run in self._runs[first:]:
            if run.offset >= stop:
                return
            low = max(start, run.offset) - run.offset
            high = min(stop, run.offset + run.length) - run.offset
            if low >= high:
                continue
            place = run.damage(self._reader(run.offset), low, high)
            if place is not None:
                what = f"the bytes of {self._key!r} are in"
                error = damaged(
                    what,
                    f"objects/data/{self._path.parent.name}/{self._path.name}",
                    place,
                )
                self._report(self._path, error)
                raise error

    def readinto(self, buffer: object, /) -> int:
        """Read the next bytes into a buffer."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        self.verify(self._at, self._at + len(view))
        count = os.preadv(self._file, [view], self._at)
        self._at += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to another place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}
        self._at = base[whence] + offset
        return self._at

    def tell(self) -> int:
        """Return the present place."""
        return self._at

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it has places."""
        return True

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            os.close(self._file)
        super().close()

    def _reader(self, offset: int) -> Callable[[int, int], bytes]:
        return lambda low, high: os.pread(self._file, high - low, offset + low)
