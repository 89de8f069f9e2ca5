"""The cells of a declared table, by the meaning its mapping gives them."""

import math
import re
import warnings
from collections.abc import Callable, Mapping

import numpy as np
from astropy.io import ascii as text_tables
from astropy.table import Table
from numpy.typing import NDArray

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.archives.mapped.mapping import TableMapping
from orbital_kernel.archives.reading import (
    Source,
)
from orbital_kernel.archives.rows import extra
from orbital_kernel.errors import MappingError
from orbital_kernel.model import scales

Reals = NDArray[np.float64]

BLANK = {"", "n/a", "nan", "null", "none", "-", "--", "..."}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")

NO_COMMENT = r"(?!)"
ASTROPY: Mapping[str, tuple[str, dict[str, str]]] = {
    "csv": ("basic", {"delimiter": ",", "comment": NO_COMMENT}),
    "tab": ("tab", {"comment": NO_COMMENT}),
    "basic": ("basic", {"comment": NO_COMMENT}),
    "no_header": ("no_header", {"comment": NO_COMMENT}),
    "ecsv": ("ecsv", {}),
}
"""astropy's own CSV reader fills short rows up: a cut file would pass."""


class DeclaredCells:
    """The table's cells as text or numbers, by meaning."""

    def __init__(
        self, table: Table, mapping: TableMapping, numbers: list[int] | None = None
    ) -> None:
        self.table = table
        self.mapping = mapping
        self.numbers = list(range(len(table))) if numbers is None else numbers
        named = {**mapping.columns}
        for section in ("unit", "band", "limit", "rows"):
            if "column" in mapping.section(section):
                named[f"[{section}]"] = mapping.section(section)["column"]
        for meaning, name in named.items():
            if name not in table.colnames:
                raise MappingError(
                    f"{meaning} is mapped to column {name!r}, which the table does not "
                    f"have; it has {', '.join(table.colnames)}"
                )

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, mask: list[bool]) -> "DeclaredCells":
        """Return some of the rows."""
        numbers = [n for n, keep in zip(self.numbers, mask, strict=True) if keep]
        return DeclaredCells(self.table[np.array(mask, bool)], self.mapping, numbers)

    def texts(self, column: str) -> list[str | None]:
        """Return a column as stripped text, None if blank or masked."""
        cells = (
            None if v is np.ma.masked else str(v).strip() for v in self.table[column]
        )
        return [None if c is None or c.lower() in BLANK else c for c in cells]

    def reals(self, column: str) -> Reals:
        """Return a column as numbers, NaN where blank; MappingError names the row."""
        values = []
        for number, cell in zip(self.numbers, self.texts(column), strict=True):
            if cell is not None and not _NUMBER.fullmatch(cell):
                raise MappingError(f"row {number}: {column} is {cell!r}, not a number")
            values.append(math.nan if cell is None else float(cell.replace("D", "e")))
        return np.array(values)

    def real(self, meaning: str) -> Reals:
        """Return what means this as numbers: a column, a constant or all NaN."""
        if meaning in self.mapping.columns:
            return self.reals(self.mapping.columns[meaning])
        constant = self.mapping.constants.get(meaning, math.nan)
        return np.full(len(self), float(constant))

    def words(self, meaning: str) -> list[str | None]:
        """Return what means this as text: a column, a constant or all None."""
        if meaning in self.mapping.columns:
            return self.texts(self.mapping.columns[meaning])
        constant = self.mapping.constants.get(meaning)
        return [None if constant is None else str(constant)] * len(self)

    def angles(self, meaning: str, parse: Callable[[str], float]) -> list[float]:
        """Return RA or dec in degrees, from degrees or sexagesimal text."""
        return [math.nan if w is None else parse(w) for w in self.words(meaning)]

    def others(self) -> list[str | None]:
        """Return the unmapped columns of each row as JSON."""
        names = [
            n for n in self.table.colnames if n not in self.mapping.columns.values()
        ]
        cells = [self.texts(n) for n in names]
        if not names:
            return [None] * len(self)
        return [
            extra(dict(zip(names, row, strict=True)))
            for row in zip(*cells, strict=True)
        ]


def read_table(mapping: TableMapping, source: Source) -> Table:
    """Return the file as astropy reads it in the mapping's format, text kept as text."""
    with scales.offline(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if mapping.format == "fits":
            with open_bounded(source.path) as file:
                return Table.read(file, format=mapping.format)
        lines = [_bare(line, mapping) for line in text.lines(source.path)]
        form, options = ASTROPY[mapping.format]
        named = list(mapping.names) or None
        return text_tables.read(
            [line for line in lines if line.strip()],
            format=form,
            guess=False,
            fast_reader=False,
            converters={"*": [text_tables.convert_numpy(str)]},
            fill_values=[],
            **options,
            **({"delimiter": mapping.delimiter} if mapping.delimiter else {}),
            **({"names": named} if named else {}),
        )


def _bare(line: str, mapping: TableMapping) -> str:
    """Return the line without its comment, where the mapping names their sign."""
    return line.split(mapping.comment, maxsplit=1)[0] if mapping.comment else line
