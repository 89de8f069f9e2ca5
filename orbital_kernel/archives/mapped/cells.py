"""The cells of a declared table, by the meaning its mapping gives them."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray

from orbital_kernel.archives.mapped import notation
from orbital_kernel.archives.mapped.language import TableMapping
from orbital_kernel.errors import MappingError

Reals = NDArray[np.float64]

BLANK = {"", "n/a", "nan", "null", "none", "-", "--", "..."}
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")
_PART = re.compile(r"\{([^{}]+)\}")
_UNIT_IN_NAME = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")


def number(cell: str) -> float:
    """Return a number in any notation of papers; ValueError for other text."""
    if not NUMBER.fullmatch(cell):
        return notation.number(cell)
    return float(cell.upper().replace("D", "E"))


@dataclass(frozen=True)
class TableFile:
    """A table with the headers around it.

    Attributes
    ----------
    table : astropy.table.Table
        The table; its columns have the units that the file states.
    headers : tuple of mapping
        The table's header, then the file's.
    ids : dict of str to str
        Second names of columns (the IDs of a VOTable).
    notes : tuple of str
        What was chosen or ignored, in words.
    """

    table: Table
    headers: tuple[Mapping[str, Any], ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> fits.Header:
        """The keywords of time of all headers, those of the table first."""
        names = ("TIMEZERO", "TIMEZERI", "TIMEZERF", "TIMEUNIT")
        given = {n: self.keyword(n) for n in names}
        return fits.Header({n: v for n, v in given.items() if v is not None})

    def keyword(self, name: str) -> Any:
        """Return a header keyword's value; None if no header has it."""
        return next((h[name] for h in self.headers if name in h), None)


class DeclaredCells:
    """The table's cells as text or numbers, by meaning.

    `notes` collects, in words, what is assumed or converted.
    """

    def __init__(
        self,
        file: TableFile,
        mapping: TableMapping,
        stem: str = "",
        catalog: str = "",
        numbers: list[int] | None = None,
        notes: list[str] | None = None,
    ) -> None:
        self.file = file
        self.table = file.table
        self.mapping = mapping
        self.stem = stem
        self.catalog = catalog or stem
        self.numbers = list(range(len(self.table))) if numbers is None else numbers
        self.notes = list(file.notes) if notes is None else notes
        for where, written in self._named():
            self._parts(written, where)

    def _named(self) -> Iterable[tuple[str, str | list[str]]]:
        mapping = self.mapping
        yield from mapping.columns.items()
        for section in ("unit", "band", "limit", "rows"):
            if column := getattr(mapping, section).column:
                yield f"[{section}] column", column
        if isinstance(mapping.missing, dict):
            yield from (("[missing]", name) for name in mapping.missing if name != "*")

    def __len__(self) -> int:
        return len(self.table)

    def note(self, text: str) -> None:
        """State something once."""
        if text not in self.notes:
            self.notes.append(text)

    def rows(self, mask: list[bool]) -> "DeclaredCells":
        """Return some of the rows."""
        numbers = [n for n, keep in zip(self.numbers, mask, strict=True) if keep]
        table = self.table[np.array(mask, bool)]
        file = TableFile(table, self.file.headers, self.file.ids)
        return DeclaredCells(
            file, self.mapping, self.stem, self.catalog, numbers, self.notes
        )

    def of(self, mapping: TableMapping) -> "DeclaredCells":
        """Return the same cells by another mapping."""
        return DeclaredCells(
            self.file, mapping, self.stem, self.catalog, self.numbers, self.notes
        )

    def column(self, name: str, where: str = "a key") -> str:
        """Return the table's name of a column; MappingError lists what it has."""
        names = self.table.colnames
        if name in names:
            return name
        if name in self.file.ids:
            return self.file.ids[name]
        same = [n for n in names if _UNIT_IN_NAME.sub("", n) == name]
        if self.mapping.format == "fits":
            same += [n for n in names if n.lower() == name.lower()]
        if len(same) == 1:
            return str(same[0])
        raise MappingError(
            f"{where} is mapped to column {name!r}, which the table does not have; it has "
            f"{', '.join(names)}"
        )

    def _parts(self, written: str | list[str], where: str) -> tuple[str, ...]:
        """Return the table's columns that an entry is read from."""
        if isinstance(written, list):
            for name in written:
                try:
                    return self._parts(name, where)
                except MappingError:
                    continue
            raise MappingError(
                f"{where} is mapped to {' or '.join(map(repr, written))}, which the table "
                f"does not have; it has {', '.join(self.table.colnames)}"
            )
        if written not in self.table.colnames and (parts := _PART.findall(written)):
            return tuple(self.column(p, where) for p in parts if p != "file")
        return (self.column(written, where),)

    def column_of(self, meaning: str) -> str | None:
        """Return the one column that a meaning is read from; None if there is not one."""
        written = self.mapping.columns.get(meaning)
        if written is None:
            return None
        parts = self._parts(written, meaning)
        return parts[0] if len(parts) == 1 else None

    def texts(self, written: str | list[str]) -> list[str | None]:
        """Return a column as stripped text, None where blank, masked or a missing code.

        `written` is as in [columns]: a name, alternatives, or a text of several columns.
        """
        if isinstance(written, list):
            present = [n for n in written if self._has(n)]
            return self.texts(present[0] if present else written[0])
        if written in self.table.colnames or not _PART.search(written):
            return self._cells(self.column(written))
        parts = _PART.findall(written)
        columns = {p: self._cells(self.column(p)) for p in parts if p != "file"}
        columns["file"] = [self.stem] * len(self)
        return [
            None
            if any(columns[p][row] is None for p in parts)
            else _PART.sub(lambda m, row=row: str(columns[m[1]][row]), written)  # type: ignore[misc]
            for row in range(len(self))
        ]

    def _has(self, written: str) -> bool:
        try:
            self._parts(written, "a key")
        except MappingError:
            return False
        return True

    def _cells(self, column: str) -> list[str | None]:
        codes = self._codes(column)
        cells = (
            None if v is np.ma.masked else str(v).strip() for v in self.table[column]
        )
        return [
            None if c is None or notation.is_missing(c) or _is_code(c, codes) else c
            for c in cells
        ]

    def _codes(self, column: str) -> list[str]:
        missing = self.mapping.missing
        if not isinstance(missing, dict):
            return [str(code) for code in missing]
        lists = [
            codes if isinstance(codes, list) else [codes]
            for name, codes in missing.items()
            if name == "*" or self.column(name) == column
        ]
        return [str(code) for codes in lists for code in codes]

    def reals(self, written: str | list[str]) -> Reals:
        """Return a column as numbers, NaN where blank; MappingError names the row."""
        return self._numbers(self.texts(written), written)

    def _numbers(self, cells: list[str | None], name: object) -> Reals:
        values = []
        for row, cell in zip(self.numbers, cells, strict=True):
            try:
                values.append(math.nan if cell is None else number(cell))
            except ValueError:
                raise MappingError(
                    f"row {row}: {name} is {cell!r}, not a number"
                ) from None
        return np.array(values, dtype=np.float64)

    def given(self, meaning: str) -> bool:
        """Return whether the mapping says where this is."""
        return meaning in self.mapping.columns or meaning in self.mapping.constants

    def real(self, meaning: str) -> Reals:
        """Return what means this as numbers: a column, a constant or all NaN."""
        name = self.mapping.columns.get(meaning, f"constants.{meaning}")
        return self._numbers(self.words(meaning), name)

    def words(self, meaning: str) -> list[str | None]:
        """Return what means this as text, by its aliases: a column, a constant or None."""
        if meaning in self.mapping.columns:
            cells = self.texts(self.mapping.columns[meaning])
        else:
            constant = self.mapping.constants.get(meaning)
            text = None if constant is None else str(constant)
            cells = [text and text.replace("{file}", self.stem)] * len(self)
        aliases = self.mapping.aliases.get(meaning, {})
        return [None if c is None else str(aliases.get(c, c)) for c in cells]

    def measured(self, meaning: str) -> list[notation.Measured]:
        """Return what means this as values with the errors and limits that cells state."""
        name = self.mapping.columns.get(meaning, f"constants.{meaning}")
        values = []
        for row, cell in zip(self.numbers, self.words(meaning), strict=True):
            try:
                values.append(notation.measured(cell or ""))
            except ValueError:
                raise MappingError(
                    f"row {row}: {name} is {cell!r}, not a number"
                ) from None
        return values

    def parsed(self, meaning: str, parse: Callable[[str], float]) -> Reals:
        """Return what means this by a function of text; MappingError names the row."""
        values = []
        for row, cell in zip(self.numbers, self.words(meaning), strict=True):
            try:
                values.append(math.nan if cell is None else parse(cell))
            except ValueError as error:
                name = self.mapping.columns.get(meaning, meaning)
                raise MappingError(
                    f"row {row}: {name} is {cell!r}, not the {meaning} of a position: "
                    f"{error}"
                ) from None
        return np.array(values, dtype=np.float64)

    def others(self) -> dict[str, list[str | None]]:
        """Return the columns that the mapping does not name, as text."""
        entries = [*self.mapping.columns.values()]
        for series in self.mapping.series:
            columns = (series.value, series.value_err, series.value_err_plus)
            entries += [
                c for c in (*columns, series.value_err_minus, series.exposure_s) if c
            ]
        used = {part for entry in entries for part in self._parts(entry, "a key")}
        return {n: self._cells(n) for n in self.table.colnames if n not in used}


def _is_code(cell: str, codes: list[str]) -> bool:
    """Return whether a cell is one of the codes: the same text, or the same number."""
    if cell in codes:
        return True
    if not NUMBER.fullmatch(cell):
        return False
    return any(NUMBER.fullmatch(c) and number(c) == number(cell) for c in codes)
