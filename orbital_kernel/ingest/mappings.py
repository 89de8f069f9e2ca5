"""Mappings: draft one from a table, and check what it makes of the table's rows.

Neither needs a database: both only read files.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from orbital_kernel.archives import Account, open_source
from orbital_kernel.archives.mapped.draft import draft
from orbital_kernel.archives.mapped.reader import declared_reader
from orbital_kernel.errors import MappingError
from orbital_kernel.model import schema
from orbital_kernel.model.times import to_utc_iso


@dataclass(frozen=True)
class CheckedTable:
    """What a mapping would store into one table.

    Parameters
    ----------
    name : str
        The table, such as 'chandra.photometry'.
    rows : int
        Number of rows.
    units : dict of str to str
        The columns that hold values, with their units; times are shown as UTC.
    first : list of dict
        The first rows, by column.

    Examples
    --------
    >>> from orbital_kernel.ingest.mappings import CheckedTable
    >>> CheckedTable("swift.sources", 1, {"ra": "deg"}, [{"ra": 83.6}]).units["ra"]
    'deg'
    """

    name: str
    rows: int
    units: Mapping[str, str]
    first: list[dict[str, Any]]

    @property
    def frame(self) -> pl.DataFrame:
        """The first rows as a frame.

        Returns
        -------
        polars.DataFrame
            One row per row shown, a column per name of `units`.

        Examples
        --------
        >>> from orbital_kernel.ingest.mappings import CheckedTable
        >>> rows = [{"ra": 83.6}]
        >>> CheckedTable("swift.sources", 1, {"ra": "deg"}, rows).frame.columns
        ['ra']
        """
        return pl.DataFrame(self.first, infer_schema_length=None)


@dataclass(frozen=True)
class MappingCheck:
    """What a mapping makes of a table, before anything is stored.

    Parameters
    ----------
    mapping, file : str
        Paths of both files.
    tables : tuple of CheckedTable
        The rows that would be stored, by table.
    understood : tuple of str
        What the reader read in the file, in words.
    skipped : dict of str to int
        Rows that would not be stored, counted by reason.

    Examples
    --------
    >>> from orbital_kernel.ingest.mappings import MappingCheck
    >>> MappingCheck("my.toml", "my.csv", (), skipped={"no position": 2}).skipped
    {'no position': 2}
    """

    mapping: str
    file: str
    tables: tuple[CheckedTable, ...]
    understood: tuple[str, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the check as plain values, as `orbital mapping check --json` prints it.

        Returns
        -------
        dict
            Keys `mapping`, `file`, `tables`, `understood` and `skipped`.

        Examples
        --------
        >>> from orbital_kernel.ingest.mappings import MappingCheck
        >>> MappingCheck("my.toml", "my.csv", ()).to_json()["tables"]
        []
        """
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return plain


class Mappings:
    """Drafts and checks mapping files: `orbital.mappings`.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.mappings.draft("no_such_table.csv")
    Traceback (most recent call last):
    orbital_kernel.errors.MappingError: no_such_table.csv cannot be read: ...
    """

    def draft(self, path: str | Path, table: str | None = None) -> str:
        r"""Draft a mapping for a table: what can be read off it, and blanks.

        Parameters
        ----------
        path : str or Path
            The table.
        table : str, optional
            Target table, such as 'photometry' or 'sources'; by default the one that the
            columns fit.

        Returns
        -------
        str
            The mapping (TOML). Each guess has a comment with its reason; each blank is
            `FILL IN` with its choices.

        Raises
        ------
        MappingError
            If the file cannot be read or does not hold a table.

        Examples
        --------
        >>> from pathlib import Path
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> _ = Path("a.csv").write_text("mjd,flux\n56409.5,2e-13\n56410.5,1e-13\n")
        >>> 'time = "mjd"' in orbital.mappings.draft("a.csv")
        True
        """
        file = Path(path)
        if not file.is_file():
            raise MappingError(f"{file} cannot be read: there is no such file")
        return draft(file, table)

    def check(
        self, mapping: str | Path, path: str | Path, *, rows: int = 5
    ) -> MappingCheck:
        """Show a table's first rows as a mapping would store them.

        Parameters
        ----------
        mapping : str or Path
            The mapping, TOML or YAML.
        path : str or Path
            The table.
        rows : int, default 5
            How many rows of each target table to show.

        Returns
        -------
        MappingCheck
            Rows by table with units, and the rows that are not stored, by reason.

        Raises
        ------
        ArchiveError
            If the table or the mapping cannot be read; MappingError names the entry.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.mappings.check("no_such_file.toml", "a.csv")
        Traceback (most recent call last):
        orbital_kernel.errors.MappingError: no_such_file.toml cannot be read: ...
        """
        reader = declared_reader(Path(mapping))
        file = Path(path)
        if not file.is_file():
            raise MappingError(f"{file} cannot be read: there is no such file")
        account = Account("")
        batches: dict[str, list[pa.Table]] = {}
        for name, batch in reader.read(open_source(file), account):
            batches.setdefault(name, []).append(batch)
        tables = tuple(
            _checked(name, pa.concat_tables(parts), rows)
            for name, parts in batches.items()
        )
        return MappingCheck(
            str(mapping), str(path), tables, tuple(account.understood), account.skipped
        )


def _checked(name: str, batch: pa.Table, count: int) -> CheckedTable:
    columns = {column.name: column for column in schema.table(name).columns}
    filled = [n for n in batch.column_names if batch[n].null_count < len(batch)]
    shown = batch.select(filled).slice(0, count)
    cells = {n: _cells(shown[n]) for n in filled}
    return CheckedTable(
        name,
        len(batch),
        {n: "UTC" if _is_time(batch[n]) else columns[n].unit or "" for n in filled},
        [
            dict(zip(cells, row, strict=True))
            for row in zip(*cells.values(), strict=True)
        ],
    )


def _is_time(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_timestamp(column.type))


def _cells(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values, times as UTC text."""
    if _is_time(column):
        return list(to_utc_iso(column.to_numpy()))
    values: list[Any] = column.to_pylist()
    return values
