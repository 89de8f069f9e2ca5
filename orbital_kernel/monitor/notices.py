"""Notices from a stream into the store, one file each, with the ledger of all files.

A message is written beside the data, ingested, and only then committed as read, so
nothing is lost by a kill: a message that arrives again is recognised by its content.
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
    """A source of messages: Topics, or anything that reads and commits."""

    missing: dict[str, str]

    def read(self, most: int = ..., *, wait_s: float = ...) -> list[Message]:
        """Return the messages that arrived."""

    def commit(self, messages: Sequence[Message]) -> None:
        """Commit these as done."""


@dataclass
class Heard:
    """The messages received, by outcome, and the topics that are missing."""

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
    """Ingest notices until `stop` is set, or none arrives for `for_s` seconds.

    `folder` stores every notice as it was sent, TOPIC/PARTITION-OFFSET.json or .xml.
    """
    heard, quiet = Heard(missing=stream.missing), 0.0
    noted: set[str] = set()
    while not stop.is_set() and (for_s is None or quiet < for_s):
        messages = stream.read(wait_s=wait_s)
        for topic in stream.missing.keys() - noted:
            note(f"{topic}: {stream.missing[topic]}")
            noted.add(topic)
        quiet = 0.0 if messages else quiet + wait_s
        if messages:
            _take(messages, ingest, folder, heard, note)
            stream.commit(messages)
    return heard


def _take(
    messages: Sequence[Message], ingest: Ingest, folder: Path, heard: Heard, note: Note
) -> None:
    files = [
        _saved(message, message.content, folder)
        for message in messages
        if message.content is not None
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


def _saved(message: Message, content: bytes, folder: Path) -> Path:
    ending = "xml" if content.lstrip()[:1] == b"<" else "json"
    target = folder / re.sub(r"[^\w.-]", "_", message.topic)
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{message.partition}-{message.offset}.{ending}"
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    return path
