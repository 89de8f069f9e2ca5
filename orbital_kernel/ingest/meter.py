"""Progress inside a file, as its reader's place in it tells."""

from orbital_kernel.ingest.pool import Offered
from orbital_kernel.ingest.report import Progress


class Meter:
    """Tells how far one file is: checking it is the first half, its rows the second."""

    def __init__(self, offered: Offered, progress: Progress) -> None:
        self._offered = offered
        self._progress = progress
        self.rows_seen = False

    def tick(self) -> None:
        """Tell how much further the reader is than last time."""
        offered = self._offered
        at = offered.read_bytes() // 2 + (offered.size // 2 if self.rows_seen else 0)
        at = min(at, offered.size - 1)  # the last byte is told once it is stored
        if at > offered.told:
            self._progress(offered.path, at - offered.told)
            offered.told = at
