"""JSON documents: whole, bounded, and objects at the top."""

import json
from typing import Any

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError

Document = dict[str, Any]
ONE_EACH = "write each notice, curve or record to a file of its own"


def document(source: Source) -> Document:
    """Return the JSON object of a file; raises ArchiveError if it is not one."""
    try:
        content = json.loads(text.decoded(text.content(source.path)))
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and error.doc[error.pos] in "{[":
            raise ArchiveError(
                f"several JSON documents in one file: {ONE_EACH}", offset=error.pos
            ) from error
        raise ArchiveError(f"JSON is broken: {error.msg}", offset=error.pos) from error
    if not isinstance(content, dict):
        raise ArchiveError(f"JSON holds a {type(content).__name__}, not an object")
    return content


def is_object(source: Source) -> bool:
    """Return whether the first character opens a JSON object."""
    return source.head.lstrip().startswith(b"{")


def shows(source: Source, *keys: str) -> bool:
    """Return whether the head of a JSON object shows all these keys."""
    return is_object(source) and all(f'"{k}"'.encode() in source.head for k in keys)
