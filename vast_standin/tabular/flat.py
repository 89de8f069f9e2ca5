"""Flatbuffers by slot number: read without generated code, and written from values.

Reading checks every offset: a broken message raises ProtocolError 400, nothing else.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers

from vast_standin.http import ProtocolError

_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_I32 = struct.Struct("<i")
_SCALARS = {code: struct.Struct("<" + code) for code in "bBhHiIqQfd?"}


def broken(fault: str) -> ProtocolError:
    """Return the error for a message that cannot be read."""
    return ProtocolError(400, "InvalidArgument", f"the message is broken: {fault}")


@dataclass(frozen=True)
class FlatTable:
    """One table inside a flatbuffer."""

    data: bytes
    at: int
    layouts: dict[int, tuple[int, ...]]

    @classmethod
    def root(cls, data: bytes) -> "FlatTable":
        """Open the root table of a message."""
        return cls(data, _read(_U32, data, 0), {})

    def offset(self, slot: int) -> int:
        """Locate a field; 0 when it is absent."""
        where = self.at - _read(_I32, self.data, self.at)
        layout = self.layouts.get(where)
        if layout is None:
            layout = self.layouts[where] = _layout(self.data, where)
        offset = layout[slot] if slot < len(layout) else 0
        return self.at + offset if offset else 0

    def number(self, slot: int, code: str, default: Any = 0) -> Any:
        """Read a scalar; `code` is of the struct module, without byte order."""
        at = self.offset(slot)
        return _read(_SCALARS[code], self.data, at) if at else default

    def table(self, slot: int) -> "FlatTable | None":
        """Open a table field."""
        at = self.offset(slot)
        return self._at(_follow(self.data, at)) if at else None

    def required(self, slot: int, name: str) -> "FlatTable":
        """Open a table field that must be there."""
        table = self.table(slot)
        if table is None:
            raise broken(f"no {name}")
        return table

    def bytes(self, slot: int) -> bytes | None:
        """Read a string or a vector of bytes."""
        at = self.offset(slot)
        if not at:
            return None
        start = _follow(self.data, at)
        length = _read(_U32, self.data, start)
        if start + 4 + length > len(self.data):
            raise broken("text ends after the message")
        return self.data[start + 4 : start + 4 + length]

    def text(self, slot: int) -> str:
        """Read a string; empty when absent."""
        raw = self.bytes(slot)
        if raw is None:
            return ""
        try:
            return raw.decode()
        except UnicodeDecodeError as err:
            raise broken("text is not UTF-8") from err

    def vector(self, slot: int) -> int:
        """Locate a vector by its count; 0 when it is absent."""
        at = self.offset(slot)
        return _follow(self.data, at) if at else 0

    def length(self, slot: int) -> int:
        """Count the entries of a vector."""
        start = self.vector(slot)
        return int(_read(_U32, self.data, start)) if start else 0

    def tables(self, slot: int) -> Iterator["FlatTable"]:
        """Open each table of a vector."""
        start = self.vector(slot)
        if not start:
            return
        count = _read(_U32, self.data, start)
        if start + 4 + 4 * count > len(self.data):
            raise broken("a vector ends after the message")
        for i in range(count):
            yield self._at(_follow(self.data, start + 4 + 4 * i))

    def _at(self, at: int) -> "FlatTable":
        return FlatTable(self.data, at, self.layouts)


@dataclass(frozen=True)
class Scalar:
    """A scalar to be written: its kind names the builder's method."""

    kind: str
    value: int | bool


Value = str | Scalar | Mapping[int, Any] | Sequence[Mapping[int, Any]]


def message(table: Mapping[int, Value]) -> bytes:
    """Write a message from its root table: values by slot.

    Text, Scalar, another table, or a sequence of tables.
    """
    builder = flatbuffers.Builder(256)
    builder.Finish(_write(builder, table))
    return bytes(builder.Output())


def _write(builder: flatbuffers.Builder, table: Mapping[int, Value]) -> int:
    offsets = {
        slot: _write_child(builder, value)
        for slot, value in table.items()
        if not isinstance(value, Scalar)
    }
    builder.StartObject(max(table, default=-1) + 1)
    for slot, value in table.items():
        if isinstance(value, Scalar):
            add = getattr(builder, f"Prepend{value.kind}Slot")
            add(slot, value.value, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, offsets[slot], 0)
    return int(builder.EndObject())


def _write_child(builder: flatbuffers.Builder, value: Value) -> int:
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, Mapping):
        return _write(builder, value)
    if isinstance(value, Scalar):
        raise TypeError("a scalar has no offset")
    items = [_write(builder, item) for item in value]
    builder.StartVector(4, len(items), 4)
    for item in reversed(items):
        builder.PrependUOffsetTRelative(item)
    return int(builder.EndVector())


def _read(form: struct.Struct, data: bytes, at: int) -> Any:
    if at < 0:
        raise broken("an offset points before the message")
    try:
        return form.unpack_from(data, at)[0]
    except struct.error as err:
        raise broken("an offset points after the message") from err


def _layout(data: bytes, at: int) -> tuple[int, ...]:
    """Read a table's layout: where each field lies in it."""
    size = _read(_U16, data, at)
    if size < 4 or at + size > len(data):
        raise broken("a layout ends after the message")
    return struct.unpack_from(f"<{size // 2 - 2}H", data, at + 4)


def _follow(data: bytes, at: int) -> int:
    return at + int(_read(_U32, data, at))
