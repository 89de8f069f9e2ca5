"""The data folder as a whole: its id, what was lost in it, and warnings for people."""

import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vast_standin.custody.lost import LostFiles
from vast_standin.custody.mark import MARK, read_mark
from vast_standin.files import write_private_json

LOG = logging.getLogger("vast_standin.custody")
OVERRIDE = "`orbital up --accept-loss`"
NOTE = "store.json"


class Refused(ValueError):
    """The folder is not served: its databases and its data do not belong together."""


@dataclass
class Home:
    """One data folder; every database and every mark in it carries its id.

    `accept_loss` starts without what is missing; nothing is deleted for that either.
    """

    path: Path
    accept_loss: bool = False
    id: str = ""
    established: bool = False
    """Every database of the folder was created: one that is missing now is lost."""
    missing: list[str] = field(default_factory=list)
    """What this start serves without, in sentences."""
    damaged: dict[str, str] = field(default_factory=dict)
    """Files found damaged or cut since the start, with what is wrong."""
    unverified: int = 0
    """Files of older programs that have no checksums yet."""
    on_damage: Callable[[], None] = lambda: None
    """Called when other files are known to be damaged than before."""

    def __post_init__(self) -> None:
        """Read the id if the folder has one."""
        self.lost = LostFiles(self.path)
        note = self.path / NOTE
        if note.exists():
            try:
                self.id = str(json.loads(note.read_bytes())["id"])
            except (ValueError, KeyError, TypeError) as err:
                raise Refused(
                    f"{note} cannot be read ({err}): restore it from a backup, or move "
                    "it away if the rest of the folder is complete"
                ) from err
            self.established = True
        marks = (
            read_mark(self.path / part / MARK) for part in ("tables", "objects", ".")
        )
        self.id = self.id or next((mark.store for mark in marks if mark), "")

    def join(self, store: str, path: Path) -> str:
        """Give the folder's id to a database; refuse one that has another."""
        self.id = self.id or store or secrets.token_hex(8)
        if store not in ("", self.id):
            raise Refused(self.foreign(path))
        return self.id

    def foreign(self, path: Path) -> str:
        """Return the refusal of a file that belongs to another folder."""
        return f"{self.name(path)} in {self.path} belongs to another data folder"

    def name(self, path: Path) -> str:
        """Name a path from the data folder."""
        return path.relative_to(self.path).as_posix()

    def establish(self) -> None:
        """Note that every database of the folder exists."""
        if not self.established:
            write_private_json(self.path / NOTE, {"id": self.id})
            self.established = True

    def note_damage(self, path: Path, error: Exception) -> None:
        """Keep that a file turned out to be damaged or cut."""
        name = self.name(path)
        if name not in self.damaged:
            LOG.error("%s is damaged: %s", name, error)
            self.damaged[name] = str(error)
            self.on_damage()

    def note_repair(self, name: str) -> None:
        """Forget the damage of a file that turned out to be whole."""
        if self.damaged.pop(name, None):
            self.on_damage()

    def warnings(self) -> list[str]:
        """Return what is damaged or missing, or was set aside by a start."""
        damaged = [f"{name} is damaged: {why}" for name, why in self.damaged.items()]
        return [*damaged, *self.missing, *self.lost.reasons()]
