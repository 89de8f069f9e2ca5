"""Files uploaded by HTML forms (multipart/form-data): fields first, the file streamed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from vast_standin.http import ProtocolError, Request

FIELDS_LIMIT = 128 * 1024
_BLOCK = 1 << 20
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_PARAMETER = r'(?:^|[;\s]){}=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))'
_NAME = re.compile(_PARAMETER.format("name"), re.IGNORECASE)
_FILENAME = re.compile(_PARAMETER.format("filename"), re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """The fields before the file, names lower-case, and the file as a stream."""

    fields: Mapping[str, str]
    file: "FilePart"


class FilePart:
    """The bytes of the file; they end at the form's boundary."""

    def __init__(self, body: BinaryIO, delimiter: bytes) -> None:
        self._body = body
        self._delimiter = delimiter
        # The first boundary has no line before it.
        self._buffer = b"\r\n"
        self._ended = False

    def read(self, _size: int = -1, /) -> bytes:
        """Return the next block, b"" at the end; raise 400 if the form is cut short."""
        while not self._ended:
            cut = self._buffer.find(self._delimiter)
            if cut >= 0:
                self._ended = True
                return self._buffer[:cut]
            safe = len(self._buffer) - len(self._delimiter) + 1
            if safe >= _BLOCK:
                block, self._buffer = self._buffer[:safe], self._buffer[safe:]
                return block
            self._fill()
        return b""

    def line(self, end: bytes) -> bytes:
        """Return what comes before a delimiter and go on behind it."""
        while (cut := self._buffer.find(end)) < 0:
            if len(self._buffer) > FIELDS_LIMIT:
                raise _malformed(f"its fields have more than {FIELDS_LIMIT} bytes")
            self._fill(FIELDS_LIMIT)
        before, self._buffer = self._buffer[:cut], self._buffer[cut + len(end) :]
        return before

    def _fill(self, size: int = _BLOCK) -> None:
        block = self._body.read(size)
        if not block:
            raise _malformed("it ends before its last boundary")
        self._buffer += block


def is_form(request: Request) -> bool:
    """Return whether a request uploads a file by a form."""
    kind = request.headers.get("content-type", "").lower()
    return (
        request.method == "POST"
        and kind.startswith("multipart/form-data")
        and "authorization" not in request.headers
        and not request.query
    )


def read_form(request: Request) -> Form:
    """Read a form up to the first byte of its file."""
    if request.content_length < 0:
        raise ProtocolError(411, "MissingContentLength", "forms need a Content-Length")
    match = _BOUNDARY.search(request.headers["content-type"])
    if match is None:
        raise _malformed("its Content-Type has no boundary")
    delimiter = b"\r\n--" + (match[1] or match[2]).encode("latin-1")
    reader = FilePart(request.body, delimiter)
    reader.line(delimiter)
    fields: dict[str, str] = {}
    size = 0
    while reader.line(b"\r\n") == b"":
        head = reader.line(b"\r\n\r\n").decode("utf-8", "replace")
        name, filename = _parameter(_NAME, head), _parameter(_FILENAME, head)
        if name == "file":
            fields["key"] = fields.get("key", "").replace("${filename}", filename)
            return Form(fields, reader)
        value = reader.line(delimiter)
        size += len(name) + len(value)
        if size > FIELDS_LIMIT:
            raise _malformed(f"its fields have more than {FIELDS_LIMIT} bytes")
        try:
            fields[name] = value.decode()
        except UnicodeDecodeError:
            raise _malformed(f"field {name} is not UTF-8") from None
    raise ProtocolError(
        400, "InvalidArgument", "POST requires exactly one file upload per request."
    )


def _parameter(pattern: re.Pattern[str], head: str) -> str:
    """Return a parameter of Content-Disposition; names count without their case."""
    for line in head.split("\r\n"):
        if line.lower().startswith("content-disposition:"):
            match = pattern.search(line)
            text = (match[1] or match[2] or "") if match else ""
            text = re.sub(r'\\(["\\])', r"\1", text)
            return text.lower() if pattern is _NAME else text.rpartition("\\")[2]
    raise _malformed("a field has no Content-Disposition")


def _malformed(reason: str) -> ProtocolError:
    return ProtocolError(
        400, "MalformedPOSTRequest", f"The form cannot be read: {reason}."
    )
