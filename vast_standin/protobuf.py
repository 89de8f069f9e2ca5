"""Protocol buffers without generated code: fields by number, in and out.

Only what the query engine's messages use: varints, and length-delimited fields.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vast_standin.http import ProtocolError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10


@dataclass(frozen=True)
class Message:
    """A parsed message; the last of a field counts."""

    fields: dict[int, int | bytes]

    def number(self, field: int, default: int = 0) -> int:
        """Read a varint field."""
        value = self.fields.get(field, default)
        if not isinstance(value, int):
            raise _broken(f"field {field} is not a number")
        return value

    def raw(self, field: int) -> bytes:
        """Read a field of bytes; empty when absent."""
        value = self.fields.get(field, b"")
        if not isinstance(value, bytes):
            raise _broken(f"field {field} is a number")
        return value

    def text(self, field: int) -> str:
        """Read a field of text."""
        try:
            return self.raw(field).decode()
        except UnicodeDecodeError as err:
            raise _broken(f"field {field} is not UTF-8") from err

    def message(self, field: int) -> "Message":
        """Read a nested message; empty when absent."""
        return parse_message(self.raw(field))


def parse_message(data: bytes) -> Message:
    """Read a message; raises ProtocolError 400 if it is broken."""
    return Message(dict(_fields(data)))


Value = int | str | bytes | Sequence[bytes]


def make_message(fields: dict[int, Value]) -> bytes:
    """Write a message; every field given is present, zeros too.

    Numbers become varints, text and bytes length-delimited, sequences repeat.
    """
    parts = []
    for field, value in fields.items():
        if isinstance(value, int):
            parts.append(_varint(field << 3 | _VARINT) + _varint(value))
            continue
        items = [value] if isinstance(value, str | bytes) else value
        for item in items:
            raw = item.encode() if isinstance(item, str) else item
            parts.append(_varint(field << 3 | _BYTES) + _varint(len(raw)) + raw)
    return b"".join(parts)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            length, at = _read_varint(data, at)
        elif kind in _WIDTHS:
            length = _WIDTHS[kind]
        else:
            raise _broken(f"wire type {kind}")
        if at + length > len(data):
            raise _broken("a field ends after the message")
        yield tag >> 3, data[at : at + length]
        at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    result = 0
    for i in range(_LONGEST_VARINT):
        if at + i >= len(data):
            break
        byte = data[at + i]
        result |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return result, at + i + 1
    raise _broken("a number does not end")


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def _broken(fault: str) -> ProtocolError:
    return ProtocolError(400, "InvalidArgument", f"the message is broken: {fault}")
