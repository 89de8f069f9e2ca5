"""JSON documents: whole, bounded, and objects at the top."""

import json
from collections import Counter
from math import isfinite
from typing import Any

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError

Document = dict[str, Any]
ONE_EACH = "write each notice, curve or record to a file of its own"


def document(source: Source) -> Document:
    """Return the JSON object of a file; raises ArchiveError if it is not one.

    JSON has no NaN and no infinity (RFC 8259, section 6), and which of two values of one
    name is meant, nobody can tell (section 4): both are refused.
    """
    try:
        content = json.loads(
            text.decoded(text.content(source.path)),
            parse_constant=_no_number,
            parse_float=_finite,
            object_pairs_hook=_once,
        )
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and error.doc[error.pos] in "{[":
            raise ArchiveError(
                f"several JSON documents in one file: {ONE_EACH}", offset=error.pos
            ) from error
        raise ArchiveError(f"JSON is broken: {error.msg}", offset=error.pos) from error
    if not isinstance(content, dict):
        raise ArchiveError(f"JSON holds a {type(content).__name__}, not an object")
    return content


def _no_number(name: str) -> float:
    raise ArchiveError(f"JSON is broken: {name} is not a number in JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ArchiveError(f"JSON is broken: {digits[:40]} is larger than any number")
    return number


def _once(pairs: list[tuple[str, Any]]) -> Document:
    content = dict(pairs)
    if len(content) < len(pairs):
        (name, times), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ArchiveError(f"JSON is broken: it has {times} values of {name[:80]!r}")
    return content


def is_object(source: Source) -> bool:
    """Return whether the first character opens a JSON object."""
    return source.head.lstrip().startswith(b"{")


def shows(source: Source, *keys: str) -> bool:
    """Return whether the head of a JSON object shows all these keys."""
    return is_object(source) and all(f'"{k}"'.encode() in source.head for k in keys)
