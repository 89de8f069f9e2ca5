"""The course of one series that is followed, and changes to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Name = tuple[str, str]
Row = dict[str, Any]
Entry = dict[str, Any]
Note = tuple[str, str, int, Row]


@dataclass
class Course:
    """How far one series has been followed.

    `stored` is how many of its rows were read or arrived late, `channels` how many a bin
    has, `newest_*` the last bin read (MET in s, TT in ns), `seen` the (MET, channel)
    read within the reach of late rows, `relook` whether rows arrived too late to be used
    in order, and `excursions` those reported, by the detector's key.

    Not saved: `changed`, keys of `excursions` to save next; `held_back`, rows of a last
    bin that is not complete; `certain`, whether everything written is saved.
    """

    observatory: str
    series: str
    stored: int = 0
    late: int = 0
    channels: int = 1
    newest_met: float | None = None
    newest_ns: int | None = None
    seen: list[tuple[float, int]] = field(default_factory=list)
    origin: dict[str, Any] | None = None
    state: bytes = b""
    closed: bool = True
    relook: bool = False
    excursions: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    held_back: int = 0
    certain: bool = False

    @property
    def name(self) -> Name:
        """The observatory and the series."""
        return self.observatory, self.series


@dataclass
class Change:
    """What triggers do to cross.bursts, and the alerts to make of it.

    `rows` hold `time` as TT nanoseconds. Of the ids to delete, those in `gone` were
    written, and those in `maybe` only if the watcher was killed after writing. `notes`
    are (kind, name, record number, row) in order; `rewrite` deletes all rows of the series
    first.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    rewrite: bool = False

    def __bool__(self) -> bool:
        """Return whether there is anything to write."""
        return bool(self.rows or self.gone or self.maybe or self.rewrite)


def join(first: Change, second: Change) -> Change:
    """Return two changes as one, the second after the first."""
    return Change(
        {k: v for k, v in first.rows.items() if k not in second.gone | second.maybe}
        | second.rows,
        first.gone | second.gone,
        first.maybe | second.maybe,
        first.notes + second.notes,
        first.rewrite or second.rewrite,
    )


Changes = Sequence[tuple[Course, Change]]
