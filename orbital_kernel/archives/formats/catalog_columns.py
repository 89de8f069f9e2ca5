"""Rows of a catalogue as columns of numbers and text, whatever file they come from."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.archives.formats.fits import Block

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

    def texts(self, name: str) -> pl.Series:
        """Return a column as text, null where blank."""


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

    def texts(self, name: str) -> pl.Series:
        """Return a column as text, null where blank or null."""
        if self.block.hdu.field(name).code in "BIJK":
            cells = [
                None if v is None else str(v)
                for v in self.block.integers(name).tolist()
            ]
        else:
            cells = self.block.texts(name)
        return pl.Series(name, cells, pl.String)
