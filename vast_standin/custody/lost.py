"""Files set aside under `lost/`, one folder per start, each below its former path."""

import logging
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

LOG = logging.getLogger("vast_standin.custody")
REASONS = "why.txt"


class LostFiles:
    """What is set aside in a data folder; files only ever move, in and back out."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.path = home / "lost"
        now = datetime.now(UTC)
        self.folder = self.path / f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self._returned: set[Path] = set()
        self._given: set[str] = set()

    def __bool__(self) -> bool:
        """Return whether anything is set aside."""
        return any(True for _ in self._folders())

    def take(self, paths: list[Path]) -> int:
        """Set files aside; returns how many were there."""
        count = 0
        for path in paths:
            target = self.folder / path.relative_to(self._home)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                path.rename(target)
            except FileNotFoundError:
                continue
            count += 1
        return count

    def explain(self, reason: str) -> None:
        """Keep the reason with what was set aside, and log it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / REASONS).open("a") as file:
            file.write(reason + "\n")
        LOG.warning("%s", reason)

    def explain_once(self, reason: str) -> None:
        """Keep a reason that this start may have given before."""
        if reason not in self._given:
            self._given.add(reason)
            self.explain(reason)

    def find(self, path: Path, size: int) -> Path | None:
        """Return the newest folder that holds a file, of at least a size."""
        for folder in reversed(list(self._folders())):
            source = folder / path.relative_to(self._home)
            if source.is_file() and source.stat().st_size >= size:
                return folder
        return None

    def bring_back(self, path: Path, folder: Path) -> None:
        """Move a file back to its place; a shorter one that is there is set aside."""
        if path.exists():
            self.take([path])
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / path.relative_to(self._home)).rename(path)
        self._returned.add(folder)

    def tidy(self) -> None:
        """Remove the folders whose files have all returned."""
        for folder in self._returned:
            if all(p.name == REASONS or p.is_dir() for p in folder.rglob("*")):
                (folder / REASONS).unlink(missing_ok=True)
                for empty in sorted(folder.rglob("*"), reverse=True):
                    empty.rmdir()
                folder.rmdir()
        self._returned.clear()
        if self.path.exists() and not any(self.path.iterdir()):
            self.path.rmdir()

    def reasons(self) -> list[str]:
        """Return what each start set aside and why."""
        return [
            f"{line} (lost/{folder.name})"
            for folder in self._folders()
            for line in _lines(folder / REASONS)
        ]

    def _folders(self) -> Iterator[Path]:
        if self.path.is_dir():
            yield from sorted(p for p in self.path.iterdir() if p.is_dir())


def _lines(path: Path) -> list[str]:
    if not path.exists():
        return ["files are set aside here, for a reason that was not kept"]
    return list(dict.fromkeys(path.read_text().splitlines()))
