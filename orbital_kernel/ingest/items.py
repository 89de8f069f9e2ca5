"""What reading a file takes and yields: a task in; rows, then an end or a refusal, out."""

from dataclasses import dataclass, field

import pyarrow as pa

SENT_AHEAD = ("events", "rates", "intervals")
"""Tables whose rows are sent while others are read: nothing is selected for them."""
Kinds = frozenset[bool]
"""Kinds of rows: simulated (True) and real (False); rows without the flag are neither."""


@dataclass(frozen=True)
class Rows:
    """Rows of one table by its full name; columns without any value are excluded."""

    table: str
    data: pa.Table


@dataclass(frozen=True)
class End:
    """The whole file was read: by which reader, whose data it is, what was skipped."""

    format: str
    observatory: str
    version: int
    seconds: float
    understood: tuple[str, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """The file cannot be ingested: why, and at which byte if that is known."""

    reason: str
    format: str | None = None
    offset: int | None = None


Item = Rows | End | Refusal


@dataclass(frozen=True)
class Task:
    """How to read files: whose data, by which mapping, stale checksums taken or not.

    With `runs`, a process that reads hands constant columns over as runs.
    """

    observatory: str | None = None
    mapping: str | None = None
    accept_checksums: bool = False
    runs: bool = False
