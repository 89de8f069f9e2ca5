"""Notices from a stream into the store: a file each, by the ledger like any file.

A message is written beside the data, ingested, and only then reported as read, so a
kill at any moment costs nothing: what comes again is known by its content.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Protocol

from orbital_kernel.archives.services.gcn_topics import Message
from orbital_kernel.ingest import IngestReport

Ingest = Callable[..., IngestReport]
Note = Callable[[str], None]


class Stream(Protocol):
    """Where messages come from: Topics, or anything that reads and remembers."""

    missing: dict[str, str]

    def read(self, most: int = ..., *, wait_s: float = ...) -> list[Message]:
        """Return what has come."""

    def commit(self, messages: Sequence[Message]) -> None:
        """Remember these as done."""


@dataclass
class Heard:
    """What was heard: messages by what became of them; topics that are missing."""

    ingested: int = 0
    unchanged: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    tombstones: int = 0
    missing: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON document."""
        return dict(vars(self))


def listen(
    stream: Stream,
    ingest: Ingest,
    folder: Path,
    *,
    stop: Event,
    for_s: float | None = None,
    wait_s: float = 1.0,
    note: Note = lambda _line: None,
) -> Heard:
    """Take notices in until `stop` is set, or nothing has come for `for_s` seconds.

    `folder` keeps every notice as it was sent, TOPIC/PARTITION-OFFSET.json or .xml.
    """
    heard, quiet = Heard(missing=stream.missing), 0.0
    told: set[str] = set()
    while not stop.is_set() and (for_s is None or quiet < for_s):
        messages = stream.read(wait_s=wait_s)
        for topic in stream.missing.keys() - told:
            note(f"{topic}: {stream.missing[topic]}")
            told.add(topic)
        quiet = 0.0 if messages else quiet + wait_s
        if messages:
            _take(messages, ingest, folder, heard, note)
            stream.commit(messages)
    return heard


def _take(
    messages: Sequence[Message], ingest: Ingest, folder: Path, heard: Heard, note: Note
) -> None:
    files = [
        _kept(one, one.content, folder) for one in messages if one.content is not None
    ]
    heard.tombstones += len(messages) - len(files)
    if not files:
        return
    for report in ingest(*files).files:
        if report.state == "refused":
            heard.refused[Path(report.path).name] = report.reason or ""
        elif report.state == "unchanged":
            heard.unchanged += 1
        else:
            heard.ingested += 1
        note(f"{Path(report.path).parent.name}: {report.state}")


def _kept(message: Message, content: bytes, folder: Path) -> Path:
    ending = "xml" if content.lstrip()[:1] == b"<" else "json"
    room = folder / re.sub(r"[^\w.-]", "_", message.topic)
    room.mkdir(parents=True, exist_ok=True)
    path = room / f"{message.partition}-{message.offset}.{ending}"
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    return path
