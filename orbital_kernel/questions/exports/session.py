"""Whole selections written to files: estimated, capped, slice by slice, cancelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.schema import Table
from orbital_kernel.query import Query
from orbital_kernel.query.names import check_names, require_table
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.exports.columns import FileColumn, file_columns
from orbital_kernel.questions.exports.fits_rows import FitsRows
from orbital_kernel.questions.exports.sky_rows import MocRows, RegionRows
from orbital_kernel.questions.exports.slices import at_most, slices
from orbital_kernel.questions.exports.text_rows import CsvRows, EcsvRows
from orbital_kernel.questions.exports.votable_rows import VotableRows

MOST_ROWS = 5_000_000
KIND = "export"


class Rows(Protocol):
    """A file that rows are added to."""

    def __init__(
        self, path: Path, columns: Sequence[FileColumn], table: str, /
    ) -> None: ...

    def write(self, frame: pl.DataFrame) -> None:
        """Add the rows of a slice."""

    def close(self) -> None:
        """Finish the file."""

    def drop(self) -> None:
        """Release what is open, without finishing the file."""


FORMATS: dict[str, type[Rows]] = {
    ".moc.fits": MocRows,
    ".csv": CsvRows,
    ".ecsv": EcsvRows,
    ".vot": VotableRows,
    ".fits": FitsRows,
    ".reg": RegionRows,
}
"""Formats by the ending of the file's name."""
ON_SKY = {
    ".moc.fits": ("healpix",),
    ".reg": ("ra", "dec", "error_radius_arcsec", "source_id", "name", "object"),
}
"""Columns that a format reads beside those chosen."""


@dataclass(frozen=True)
class Exported:
    """A file of rows.

    Parameters
    ----------
    path : Path
        The file.
    rows : int
        Rows in it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel.questions.exports import Exported
    >>> str(Exported(Path("rows.csv"), 1200))
    '1,200 rows written to rows.csv'
    """

    path: Path
    rows: int

    def __str__(self) -> str:
        """Return a sentence."""
        return f"{self.rows:,} rows written to {self.path}"


class Exports:
    """Selections as files: methods of the session.

    Examples
    --------
    >>> from orbital_kernel import Query, connect
    >>> orbital = connect()
    >>> orbital.rows_at_most(Query("swift.sources", limit=2)) <= 2
    True
    """

    def rows_at_most(self: Session, queries: Query | Sequence[Query]) -> int:
        """Return how many rows queries have at most, counted without sending any.

        Parameters
        ----------
        queries : Query or sequence of Query
            What to count. Without a region the number is exact.

        Returns
        -------
        int
            The number of rows.

        Raises
        ------
        QueryError
            If a table or column is unknown or a value invalid.

        Examples
        --------
        >>> from orbital_kernel import Cone, Query, connect
        >>> orbital = connect()
        >>> query = Query("swift.sources", cone=Cone(83.63, 22.01, 60))
        >>> orbital.rows_at_most(query) >= orbital.count(query)
        True
        """
        return sum(at_most(self, query) for query in _listed(queries))

    def export(
        self: Session,
        queries: Query | Sequence[Query],
        path: str | Path,
        *,
        most: int = MOST_ROWS,
        progress: Callable[[int, int], None] | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> Exported:
        """Write all rows of queries to one file, slice by slice.

        Memory holds one slice at a time. A file that is not finished is removed.

        Parameters
        ----------
        queries : Query or sequence of Query
            Queries of tables of one name, such as swift.sources and chandra.sources, with
            the same columns.
        path : str or Path
            Ends with .csv, .ecsv, .vot (VOTable), .fits, .reg (DS9 regions) or .moc.fits
            (the cells of order 12 that hold a row).
        most : int
            Largest number of rows; a selection that may have more is refused.
        progress : callable, optional
            Called with the rows written so far and the rows at most.
        stopped : callable, optional
            Returns True once the file is no longer wanted.

        Returns
        -------
        Exported
            The file and its number of rows.

        Raises
        ------
        QueryError
            If the ending is unknown, the selection may have more than `most` rows, the
            tables or columns differ, or `stopped` returned True.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from orbital_kernel import Query, connect
        >>> orbital = connect()
        >>> query = Query("swift.sources", ("source_id", "ra", "dec"))
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "sources.vot"
        >>> orbital.export(query, path).rows == orbital.count(query)
        True
        """
        target, listed = Path(path), _listed(queries)
        ending = _ending(target)
        table, names = _subject(listed)
        columns = file_columns(table, names)
        fetched = _fetched(listed, ending)
        bounds = [at_most(self, query) for query in listed]
        if sum(bounds) > most:
            raise QueryError(
                f"the selection has up to {sum(bounds):,} rows, and a file gets at most "
                f"{most:,}: narrow the selection, or allow more with `most`"
            )
        with _Unfinished(target, FORMATS[ending], columns, table.name) as part:
            written = 0
            for query, bound in zip(fetched, bounds, strict=True):
                observatory = pl.lit(query.table.partition(".")[0]).alias("observatory")
                for piece in slices(self, query, bound):
                    if stopped is not None and stopped():
                        raise QueryError(
                            "the export was cancelled; no file is left of it"
                        )
                    frame = self.query(piece, kind=KIND).frame
                    part.rows.write(frame.select(observatory, pl.all()))
                    written += len(frame)
                    if progress is not None:
                        progress(written, sum(bounds))
            part.finish()
        return Exported(target, written)


class _Unfinished:
    """A file under another name until it is finished."""

    def __init__(
        self, target: Path, kind: type[Rows], columns: Sequence[FileColumn], table: str
    ) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.part")
        self.rows = kind(self._path, columns, table)

    def __enter__(self) -> Self:
        return self

    def finish(self) -> None:
        """Finish the file and give it its name."""
        self.rows.close()
        self._path.replace(self._target)

    def __exit__(self, *_: object) -> None:
        self.rows.drop()
        self._path.unlink(missing_ok=True)


def _listed(queries: Query | Sequence[Query]) -> tuple[Query, ...]:
    listed = (queries,) if isinstance(queries, Query) else tuple(queries)
    for query in listed:
        check_names(query)
    return listed


def _ending(path: Path) -> str:
    ending = next((e for e in FORMATS if path.name.lower().endswith(e)), None)
    if ending is None:
        raise QueryError(
            f"{path.name}: rows are written as {', '.join(FORMATS)}; end the name of the "
            "file with one of these"
        )
    return ending


def _subject(queries: tuple[Query, ...]) -> tuple[Table, tuple[str, ...] | None]:
    """Return the table and the columns that all queries share."""
    names = {query.table.partition(".")[2] for query in queries}
    columns = {query.columns for query in queries}
    if len(names) != 1 or len(columns) != 1:
        raise QueryError(
            "a file has rows of one table and the same columns; the queries are of "
            f"{', '.join(sorted(names)) or 'no table'}: write one file for each"
        )
    return require_table(queries[0].table), columns.pop()


def _fetched(queries: tuple[Query, ...], ending: str) -> tuple[Query, ...]:
    """Return the queries with the columns that a format needs on the sky."""
    extra = ON_SKY.get(ending, ())
    held = [column.name for column in require_table(queries[0].table).columns]
    if extra and extra[0] not in held:
        raise QueryError(
            f"{queries[0].table} holds no positions: write its rows as .csv, .ecsv, .vot "
            "or .fits"
        )
    needed = [name for name in extra if name in held]
    return tuple(
        query
        if query.columns is None
        else replace(query, columns=tuple(dict.fromkeys((*query.columns, *needed))))
        for query in queries
    )
