"""Preconditions and byte ranges of object reads (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from vast_standin.digits import clipped
from vast_standin.http import ProtocolError
from vast_standin.s3.index import Stored

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)\Z")


def check_read(headers: Mapping[str, str], thing: Stored, *, prefix: str = "") -> bool:
    """Return whether the object is to be sent; False means 304 Not Modified.

    Raises ProtocolError(412) where If-Match or If-Unmodified-Since fails.  With
    ``prefix="x-amz-copy-source-"`` the same rules are read for the source of a copy.
    """
    match = headers.get(f"{prefix}if-match")
    limit = _time(headers, f"{prefix}if-unmodified-since")
    if match is not None and not _names(match, thing):
        raise failed(f"{prefix}If-Match")
    if match is None and limit is not None and int(thing.modified) > limit:
        raise failed(f"{prefix}If-Unmodified-Since")
    other = headers.get(f"{prefix}if-none-match")
    if other is not None:
        return not _names(other, thing)
    since = _time(headers, f"{prefix}if-modified-since")
    return since is None or int(thing.modified) > since


def check_write(headers: Mapping[str, str], current: Stored | None) -> None:
    """Raise 412 if If-None-Match: * or If-Match forbids to replace or delete."""
    absent = headers.get("if-none-match")
    if absent is not None and absent.strip() != "*":
        raise ProtocolError(501, "NotImplemented", "If-None-Match of a write is * only")
    if absent is not None and current is not None:
        raise failed("If-None-Match")
    match = headers.get("if-match")
    if match is None:
        return
    if current is None:
        raise ProtocolError(
            404, "NoSuchKey", "If-Match names an object that does not exist."
        )
    if not _names(match, current):
        raise failed("If-Match")


def wants_range(headers: Mapping[str, str], thing: Stored) -> bool:
    """Return whether If-Range lets a range be sent; otherwise all is sent."""
    validator = headers.get("if-range")
    if validator is None:
        return True
    if validator.startswith(('"', "W/")):
        return validator == f'"{thing.etag}"'
    return _time(headers, "if-range") == int(thing.modified)


def parse_range(text: str | None, size: int) -> tuple[int, int] | None:
    """Return first byte and length of a range, None if the whole is to be sent.

    Several ranges and other units are ignored, as S3 does; a range that begins beyond
    the end raises 416.
    """
    match = _RANGE.match(text.strip()) if text else None
    if match is None or match.groups() == ("", ""):
        return None
    if not match[1]:
        length = min(clipped(match[2]), size)
        if not length:
            raise _unsatisfiable(size)
        return size - length, length
    first, last = clipped(match[1]), clipped(match[2] or str(size - 1))
    if first >= size:
        raise _unsatisfiable(size)
    if last < first:
        return None
    return first, min(last, size - 1) - first + 1


def parse_source_range(text: str | None, size: int) -> tuple[int, int]:
    """Return first byte and length of what a part is copied from.

    Here a range is one of whole bytes that the source has: a client that names others
    would not learn that its part holds something else. 400 for any other text, 416 for
    bytes beyond the end.
    """
    if text is None:
        return 0, size
    match = _RANGE.match(text.strip())
    if match is None or not match[1] or not match[2]:
        raise _argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last "
            "where first and last are the zero-based offsets of the first and last "
            "bytes to copy",
            text,
        )
    first, last = clipped(match[1]), clipped(match[2])
    if last >= size:
        raise _unsatisfiable(size)
    if last < first:
        raise _argument("The range ends before it begins", text)
    return first, last - first + 1


def _argument(message: str, value: str) -> ProtocolError:
    details = {"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": value[:200]}
    return ProtocolError(400, "InvalidArgument", message, details)


def _names(header: str, thing: Stored) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    return "*" in tags or thing.etag in tags


def _time(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except ValueError:
        return None


def failed(condition: str) -> ProtocolError:
    """Return the error 412 that names the condition, as clients read it."""
    return ProtocolError(
        412,
        "PreconditionFailed",
        f"The condition {condition} did not hold.",
        {"Condition": condition},
    )


def _unsatisfiable(size: int) -> ProtocolError:
    return ProtocolError(
        416,
        "InvalidRange",
        f"The range begins beyond the object's {size} bytes.",
        {"ActualObjectSize": str(size)},
    )
