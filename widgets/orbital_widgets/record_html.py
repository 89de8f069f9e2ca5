"""What automation recorded, for people: documents as sentences, long ones folded."""

import json
from html import escape
from typing import Any

LONGEST = 90
"""Letters of a cell that are shown before it is opened."""


def folded(text: str) -> str:
    """Return a text as HTML; of a long one the beginning, which a click opens."""
    if len(text) <= LONGEST:
        return escape(text)
    beginning = text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]
    return f"<details><summary>{escape(beginning)} …</summary>{escape(text)}</details>"


def in_words(text: str | None) -> str:
    """Return a recorded document without its brackets; other texts as they are."""
    if not text:
        return ""
    try:
        document = json.loads(text)
    except ValueError:
        return text
    if isinstance(document, list):
        if not document:
            return "none"
        names = ", ".join(_name(entry) for entry in document)
        return f"{len(document)}: {names}" if len(document) > 1 else names
    return _name(document)


def _name(entry: Any) -> str:
    """Return kind and name of a resource, or all fields of another document."""
    if not isinstance(entry, dict):
        return str(entry)
    if {"kind", "name"} <= entry.keys():
        return f"{entry['kind']} {entry['name']}"
    return "; ".join(f"{key}: {_name(value)}" for key, value in entry.items())
