"""Mappings that come with Orbital: tables of publications that need no option.

A file in `published/` is a mapping with a section `[match]`, which says what its tables
look like. A table that matches is read by it, and the account names the mapping. The
columns must match exactly: a table with another column is left to a mapping of its own.
"""

import csv
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.mapped import notation
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.errors import ArchiveError, MappingError

if TYPE_CHECKING:
    from orbital_kernel.archives.mapped.mapping import TableMapping

FOLDER = Path(__file__).parent / "published"
DELIMITERS = {"csv": ",", "tab": "\t"}


@dataclass(frozen=True)
class Match:
    """What the tables of a mapping look like.

    Attributes
    ----------
    columns : tuple of str
        Names that the header line must have, in any order.
    optional : tuple of str
        Names that it may have.
    others : bool
        Whether it may have any other names.
    file : str
        Pattern of the file's name; its named groups may stand in `[constants]` as {name}.
    line : str
        Pattern of a line of a table without a header, where it begins.
    cells : dict of str to tuple of str
        The only words that a column may have.
    words : tuple of str
        Text that the first lines must have.
    refuse : str
        Why such a table is refused: it has nothing that Orbital keeps.
    """

    columns: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    others: bool = False
    file: str = ""
    line: str = ""
    cells: Mapping[str, tuple[str, ...]] | None = None
    words: tuple[str, ...] = ()
    refuse: str = ""


@dataclass(frozen=True)
class Published:
    """One mapping of the folder, with its name and what it matches."""

    name: str
    content: Mapping[str, Any]
    match: Match

    def groups(self, source: Source) -> dict[str, str] | None:
        """Return the named parts of the file's name if the file matches; else None."""
        name = re.fullmatch(self.match.file or ".*", source.path.name)
        if name is None or not all(w.encode() in source.head for w in self.match.words):
            return None
        sign = str(self.content.get("comment", "\n"))
        cut = (line.split(sign)[0] for line in text.head_lines(source, 400))
        lines = [line for line in cut if line.strip()]
        if not lines:
            return None
        fits = self._has_columns(lines) if self.match.columns else self._is_row(lines)
        return name.groupdict() if fits else None

    def mapping(self, groups: Mapping[str, str]) -> "TableMapping":
        """Return the mapping, with the parts of the file's name in its constants."""
        from orbital_kernel.archives.mapped.mapping import checked  # noqa: PLC0415 - slow

        constants = dict(self.content.get("constants", {}))
        for key, value in constants.items():
            for name, part in groups.items():
                if isinstance(value, str) and part:
                    constants[key] = value.replace(f"{{{name}}}", _spaced(part))
        return checked({**self.content, "constants": constants}, f"{self.name}.toml")

    def _is_row(self, lines: list[str]) -> bool:
        return bool(self.match.line) and all(
            re.match(rf"\s*{self.match.line}", line) for line in lines[:20]
        )

    def _has_columns(self, lines: list[str]) -> bool:
        header = self._split(lines[0])
        given, needed = set(header), set(self.match.columns)
        strangers = given - needed - set(self.match.optional)
        if not needed <= given or (strangers and not self.match.others):
            return False
        rows = [self._split(line) for line in lines[1:]]
        return all(
            {row[header.index(column)] for row in rows if len(row) == len(header)}
            <= set(words)
            for column, words in (self.match.cells or {}).items()
        )

    def _split(self, line: str) -> list[str]:
        form = str(self.content["format"])
        if form == "latex":
            return notation.latex_cells(line)
        sign = self.content.get("delimiter") or DELIMITERS.get(form)
        try:
            cells = text.split(line, str(sign)) if sign else line.split()
        except csv.Error:  # quoted cells of another separator
            return []
        return [cell.strip() for cell in cells]


def _spaced(part: str) -> str:
    """Return an object's name as Orbital writes it: `GRB 130427A`, not `GRB130427A`."""
    return re.sub(r"^GRB(?=\d)", "GRB ", part)


@cache
def published() -> tuple[Published, ...]:
    """Return every mapping of the folder, by name."""
    return tuple(_loaded(path) for path in sorted(FOLDER.glob("*.toml")))


def _loaded(path: Path) -> Published:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    match: Any = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content.pop("match").items()
    }
    return Published(path.stem, content, Match(**match))


def _chosen(source: Source) -> tuple[Published, dict[str, str]] | None:
    for mapping in published():
        groups = mapping.groups(source)
        if groups is not None:
            return mapping, groups
    return None


def recognises(source: Source) -> bool:
    """Recognise the file by the columns, lines and name that a mapping matches."""
    return _chosen(source) is not None


def read(source: Source, account: Account) -> Batches:
    """Yield the rows by the mapping that matches, and name it in the account."""
    chosen = _chosen(source)
    if chosen is None:
        raise ArchiveError("no mapping that comes with Orbital matches the table")
    mapping, groups = chosen
    if mapping.match.refuse:
        raise ArchiveError(mapping.match.refuse)
    from orbital_kernel.archives.mapped.reader import read_declared  # noqa: PLC0415 - slow

    account.understood.append(f"mapping {mapping.name}.toml, which comes with Orbital")
    stored = 0
    try:
        for name, batch in read_declared(mapping.mapping(groups), source, account):
            stored += len(batch)
            yield name, batch
    except MappingError as error:
        raise MappingError(
            f"{error} (mapping {mapping.name}.toml, which comes with Orbital: copy it, "
            "change it, and give it with --mapping)"
        ) from error
    if not stored:
        reasons = ", ".join(f"{n} {reason}" for reason, n in account.skipped.items())
        raise ArchiveError(f"no row is of an observatory in Orbital: {reasons}")


READER = Reader(
    "published-table",
    recognises,
    read,
    "table of a publication, by a mapping that comes with Orbital",
    loose=True,
)
