"""The explorer's rows, and files of them: those fetched, or all that are selected."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_widgets import frame_files
from orbital_widgets.latest import Latest
from orbital_widgets.results import Results
from orbital_widgets.selection import Selection

if TYPE_CHECKING:
    from orbital_kernel.questions.exports import Exported

MOST_ROWS = 5_000_000
FORMATS = (
    ("CSV", "csv"),
    ("ECSV", "ecsv"),
    ("VOTable (TOPCAT, Aladin)", "vot"),
    ("FITS", "fits"),
    ("DS9 regions", "reg"),
    ("MOC of the rows", "moc.fits"),
)


class ExplorerFiles:
    """The rows of an explorer, and files of them.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets import Explorer
    >>> explorer = Explorer(connect(), table="sources").wait()
    >>> len(explorer.frame) > 0
    True
    >>> explorer.close()
    """

    selection: Selection
    results: Results
    writing: Latest
    _source: Any

    @property
    def frame(self) -> pl.DataFrame:
        """The newest rows; the first column is the observatory.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> orbital = connect()
        >>> explorer = Explorer(orbital.query, table="grbs").wait()
        >>> "t90_s" in explorer.frame.columns
        True
        >>> explorer.close()
        """
        frame: pl.DataFrame = self.results.outcome.frame
        return frame

    def save(self, path: str | Path) -> Path:
        """Write the rows; text that a spreadsheet would run as a formula is quoted.

        Parameters
        ----------
        path : str or Path
            A file that ends with .csv, .ecsv, .vot or .fits.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        QueryError
            If the name ends with none of these, or there are no rows.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect(), limit=3).wait()
        >>> explorer.save(pathlib.Path(tempfile.mkdtemp()) / "rows.csv").name
        'rows.csv'
        >>> explorer.close()
        """
        if self.frame.is_empty():
            raise QueryError("there are no rows to write: change the selection first")
        return frame_files.write(
            self.results.outcome.chosen, self.results.outcome.table, Path(path)
        )

    def rows_at_most(self) -> int:
        """Return how many rows are selected at most, counted without sending any.

        Returns
        -------
        int
            The number of rows; without a cone it is exact.

        Raises
        ------
        QueryError
            If the parts of the selection contradict each other, or the explorer has a
            function instead of a session.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect(), limit=3).wait()
        >>> explorer.rows_at_most() >= len(explorer.frame)
        True
        >>> explorer.close()
        """
        session = self.session_for("count all selected rows")
        return int(session.rows_at_most(self.selection.queries(whole=True)))

    def export(
        self,
        path: str | Path,
        *,
        most: int = MOST_ROWS,
        progress: Callable[[int, int], None] | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> "Exported":
        """Write all selected rows to a file, not only those fetched.

        Parameters
        ----------
        path : str or Path
            A file that ends with .csv, .ecsv, .vot, .fits, .reg or .moc.fits.
        most : int
            Largest number of rows; more are refused.
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
            As `Orbital.export`; or if the explorer has a function instead of a session.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect(), limit=3, observatories=("swift",)).wait()
        >>> written = explorer.export(pathlib.Path(tempfile.mkdtemp()) / "all.vot")
        >>> written.rows >= 3
        True
        >>> explorer.close()
        """
        exported: Exported = self.session_for("export all selected rows").export(
            self.selection.copy().queries(whole=True),
            path,
            most=most,
            progress=progress,
            stopped=stopped,
        )
        return exported

    def session_for(self, purpose: str) -> Any:
        """Return the session for what needs one.

        Parameters
        ----------
        purpose : str
            What it is needed for, as part of the sentence of the error.

        Returns
        -------
        Orbital
            The session.

        Raises
        ------
        QueryError
            If the explorer has a function instead.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect(), limit=3).wait()
        >>> explorer.session_for("count rows").database
        'orbital'
        >>> explorer.close()
        """
        if not hasattr(self._source, "export"):
            raise QueryError(
                f"the explorer needs a session to {purpose}: open it as "
                "Explorer(connect())"
            )
        return self._source
