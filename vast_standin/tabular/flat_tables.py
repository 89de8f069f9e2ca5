"""Many tables of one flatbuffer read at once, a field of all in one step.

For messages that repeat one shape thousands of times. Every offset is checked: one
that points outside the message raises ProtocolError 400.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vast_standin.tabular.flat import broken

_Places = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class FlatTables:
    """Tables that lie at given places of a message."""

    data: _Bytes
    at: _Places

    @classmethod
    def of_vector(cls, data: bytes, start: int) -> "FlatTables":
        """Open all tables of a vector that starts at its count."""
        view = np.frombuffer(data, dtype=np.uint8)
        count = int(_gather(view, np.array([start]), "u4")[0])
        if start + 4 + 4 * count > len(data):
            raise broken("a vector ends after the message")
        places = start + 4 + 4 * np.arange(count, dtype=np.int64)
        return cls(view, _follow(view, places))

    def numbers(self, slot: int, kind: str) -> npt.NDArray[Any]:
        """Read a scalar of each; `kind` is numpy's, absent ones are 0."""
        places = self._places(slot)
        present = places >= 0
        result = np.zeros(len(places), dtype=f"<{kind}")
        result[present] = _gather(self.data, places[present], kind)
        return result

    def tables(self, slot: int) -> "FlatTables | None":
        """Open a table field of each; None if one lacks it."""
        places = self._places(slot)
        if bool(np.any(places < 0)):
            return None
        return FlatTables(self.data, _follow(self.data, places))

    def pairs(self, slot: int) -> "tuple[FlatTables, FlatTables] | None":
        """Open the two tables of a vector field of each; None if it has others."""
        places = self._places(slot)
        if bool(np.any(places < 0)):
            return None
        starts = _follow(self.data, places)
        if bool(np.any(_gather(self.data, starts, "u4") != 2)):
            return None
        first = FlatTables(self.data, _follow(self.data, starts + 4))
        return first, FlatTables(self.data, _follow(self.data, starts + 8))

    def texts(self, slot: int) -> list[bytes] | None:
        """Read a string or vector of bytes of each; None if one lacks it."""
        places = self._places(slot)
        if bool(np.any(places < 0)):
            return None
        starts = _follow(self.data, places)
        stops = starts + 4 + _gather(self.data, starts, "u4")
        if bool(np.any(stops > len(self.data))):
            raise broken("text ends after the message")
        content = self.data.tobytes()
        return [
            content[a:b]
            for a, b in zip((starts + 4).tolist(), stops.tolist(), strict=True)
        ]

    def _places(self, slot: int) -> _Places:
        """Locate a field of each; -1 if it is absent."""
        layouts = self.at - _gather(self.data, self.at, "i4")
        sizes = _gather(self.data, layouts, "u2").astype(np.int64)
        if bool(np.any(sizes < 4)) or bool(np.any(layouts + sizes > len(self.data))):
            raise broken("a layout ends after the message")
        present = 4 + 2 * slot + 2 <= sizes
        result = np.full(len(self.at), -1, dtype=np.int64)
        offsets = _gather(self.data, layouts[present] + 4 + 2 * slot, "u2")
        result[present] = np.where(offsets > 0, self.at[present] + offsets, -1)
        return result


def _follow(data: _Bytes, places: _Places) -> _Places:
    return np.asarray(places + _gather(data, places, "u4"), dtype=np.int64)


def _gather(data: _Bytes, places: _Places, kind: str) -> npt.NDArray[Any]:
    """Read a number at each place, whatever its alignment."""
    dtype = np.dtype(f"<{kind}")
    if len(places) and (places.min() < 0 or places.max() + dtype.itemsize > len(data)):
        raise broken("an offset points outside the message")
    raw = data[places[:, None] + np.arange(dtype.itemsize)]
    values = np.ascontiguousarray(raw).view(dtype).reshape(len(places))
    return values.astype(np.int64) if dtype.kind in "iu" and kind != "u8" else values
