"""Rows of a catalogue as columns of numbers and text, whatever file they come from."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives.formats.fits import Block
from orbital_kernel.archives.formats.text import Record

Reals = NDArray[np.float64]


class Cells(Protocol):
    """Some rows of a catalogue, whatever file they come from."""

    @property
    def names(self) -> tuple[str, ...]:
        """Column names as written."""

    @property
    def first(self) -> int:
        """Row number of the first."""

    def __len__(self) -> int: ...

    def reals(self, name: str) -> Reals:
        """Return a column as numbers, NaN where blank."""

    def texts(self, name: str) -> list[str | None]:
        """Return a column as text, None where blank."""


@dataclass(frozen=True)
class TextCells:
    """Rows of a delimited file."""

    records: list[Record]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names as written."""
        return tuple(self.records[0].cells)

    @property
    def first(self) -> int:
        """Row number of the first."""
        return self.records[0].row

    def __len__(self) -> int:
        return len(self.records)

    def reals(self, name: str) -> Reals:
        """Return a column as numbers; ArchiveError names the line of any other."""
        return np.array([record.real(name) for record in self.records])

    def texts(self, name: str) -> list[str | None]:
        """Return a column as stripped text."""
        return [record.text(name) for record in self.records]


@dataclass(frozen=True)
class BlockCells:
    """Rows of a FITS table."""

    block: Block

    @property
    def names(self) -> tuple[str, ...]:
        """Column names as written."""
        return tuple(f.name for f in self.block.hdu.fields)

    @property
    def first(self) -> int:
        """Row number of the first."""
        return self.block.first

    def __len__(self) -> int:
        return len(self.block)

    def reals(self, name: str) -> Reals:
        """Return a column as numbers, NaN where null; text columns are parsed."""
        if self.block.hdu.field(name).code != "A":
            return self.block.reals(name)
        cells = self.block.texts(name)
        return np.array([math.nan if cell is None else float(cell) for cell in cells])

    def texts(self, name: str) -> list[str | None]:
        """Return a column as text, None where blank or null."""
        if self.block.hdu.field(name).code in "BIJK":
            return [
                None if v is None else str(v)
                for v in self.block.integers(name).tolist()
            ]
        return self.block.texts(name)
