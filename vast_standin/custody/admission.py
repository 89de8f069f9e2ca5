"""What becomes of the files of a folder when a database is opened for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vast_standin.custody.home import OVERRIDE, Home, Refused
from vast_standin.custody.mark import Mark

_NAMED = 3


@dataclass(frozen=True)
class DatabaseState:
    """State of a database and of the mark beside its data."""

    home: Home
    database: Path
    base: Path
    mark: Mark | None
    runs: frozenset[str]
    changes: int
    pending: frozenset[str]

    @property
    def doubt(self) -> str:
        """Why the database may not be the newest of its folder; nothing if it is."""
        name, mark = self.home.name(self.database), self.mark
        if mark is None:
            if not self.runs:
                return f"{name} was written by a program that kept no mark beside it"
            return f"the mark beside {name} is missing, so that it may be an older one"
        if mark.store not in ("", self.home.id):
            return f"the mark beside {name} is of another data folder"
        if mark.token not in self.runs:
            return f"{name} is older than the data, or a copy that went its own way"
        if self.changes < mark.changes:
            behind = mark.changes - self.changes
            return f"{name} is older than the data: it lacks {behind} committed changes"
        return ""


def admit(
    state: DatabaseState,
    named: Mapping[str, int],
    present: Mapping[str, int],
    dispose: Callable[[Path], None],
) -> tuple[bool, list[str]]:
    """Bring back, refuse, remove or set aside.

    Returns whether the database is in doubt, and which files it names stay missing.
    """
    home, doubt = state.home, state.doubt
    unknown = present.keys() - named.keys()
    stamped = bool(state.runs or state.mark)
    if unknown and not named and doubt and stamped and not home.accept_loss:
        raise Refused(
            f"{doubt}, and it names none of the {len(unknown)} files in "
            f"{home.name(state.base)}; nothing was deleted: restore it from a backup of "
            f"{home.path}, or set the files aside with {OVERRIDE}"
        )
    missing = _complete(state, named, present)
    garbage = unknown & state.pending if not doubt else set()
    for file in garbage:
        dispose(state.base / file)
    strangers = sorted(unknown - garbage)
    moved = home.lost.take([state.base / file for file in strangers])
    if moved:
        doubt = doubt or (
            f"{home.name(state.database)} neither names them nor noted them as its own"
        )
        home.lost.explain(
            f"{moved} files of {home.name(state.base)} were moved to lost/, because "
            f"{doubt}: put the right database back and they return by themselves, or "
            "delete lost/ if nothing is missing"
        )
    elif doubt and state.runs and (state.mark or state.changes):
        home.lost.explain(
            f"{doubt}: put the newest one back if you have it, or delete lost/ if "
            "nothing is missing"
        )
    home.lost.tidy()
    return bool(doubt), missing


def _complete(
    state: DatabaseState, named: Mapping[str, int], present: Mapping[str, int]
) -> list[str]:
    """Bring named files back from `lost/`; refuse the start if some stay missing."""
    home = state.home
    absent = sorted(f for f, size in named.items() if present.get(f, -1) < size)
    places = {f: home.lost.find(state.base / f, named[f]) for f in absent}
    absent = [f for f, folder in places.items() if folder is None]
    if not absent or home.accept_loss:
        for file, folder in places.items():
            if folder is not None:
                home.lost.bring_back(state.base / file, folder)
    if not absent:
        return []
    listed = ", ".join(absent[:_NAMED])
    more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
    reason = (
        f"{len(absent)} files that {home.name(state.database)} names are missing or cut "
        f"short in {state.base}: {listed}{more}"
    )
    if not home.accept_loss:
        raise Refused(
            f"{reason}; nothing was deleted: restore them, or the database that belongs "
            f"to these data, or start without them with {OVERRIDE}"
        )
    home.missing.append(
        f"{reason}; what needs them cannot be read: restore them, or drop it, before "
        "the next start"
    )
    return absent
