"""Results: rows of all observatories, how they were found, and problems."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from traitlets import Bool, HasTraits, Instance, Tuple, Unicode

from orbital_kernel.model import schema
from orbital_kernel.query import Answer, Explain


@dataclass(frozen=True, eq=False)
class Outcome:
    """The answer to one Selection.

    Parameters
    ----------
    table : str
        Table without its schema.
    frame : polars.DataFrame
        Rows of all observatories; the first column is the observatory.
    explains : tuple of Explain
        How each query was answered.
    problems : tuple of str
        Error messages of queries that failed.
    limit : int, optional
        Row limit per observatory.
    lost : bool, optional
        Whether the platform did not answer.
    columns : tuple of str, optional
        Columns chosen for the table and for files; () is all.
    empty : str, optional
        Why there are no rows, and what is near.

    Examples
    --------
    >>> from orbital_widgets import Outcome
    >>> Outcome("sources").simulated
    False
    """

    table: str
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    explains: tuple[Explain, ...] = ()
    problems: tuple[str, ...] = ()
    limit: int | None = None
    lost: bool = False
    columns: tuple[str, ...] = ()
    empty: str = ""

    @property
    def chosen(self) -> pl.DataFrame:
        """The rows with the columns chosen, the observatory first.

        Returns
        -------
        polars.DataFrame
            All columns if none are chosen.

        Examples
        --------
        >>> import polars as pl
        >>> from orbital_widgets import Outcome
        >>> frame = pl.DataFrame({"observatory": ["swift"], "ra": [1.0], "dec": [2.0]})
        >>> Outcome("sources", frame, columns=("dec",)).chosen.columns
        ['observatory', 'dec']
        """
        names = [n for n in ("observatory", *self.columns) if n in self.frame.columns]
        return self.frame.select(names) if self.columns else self.frame

    @property
    def simulated(self) -> bool:
        """Whether any row is of the sample sky.

        Returns
        -------
        bool
            True where a row's column `simulated` is true.

        Examples
        --------
        >>> import polars as pl
        >>> from orbital_widgets import Outcome
        >>> Outcome("sources", pl.DataFrame({"simulated": [False, True]})).simulated
        True
        """
        if "simulated" not in self.frame.columns:
            return False
        return bool(self.frame["simulated"].fill_null(value=False).any())


class Results(HasTraits):  # type: ignore[misc]
    """The newest outcome, whether a newer one is pending, the rows picked, the unit shown.

    Examples
    --------
    >>> from orbital_widgets import Results
    >>> Results().busy
    False
    """

    outcome = Instance(Outcome, kw={"table": "sources"})
    busy = Bool(default_value=False)
    picked = Tuple()
    unit = Unicode("")

    def __init__(self) -> None:
        super().__init__()

    def arrive(self, outcome: Outcome) -> None:
        """Replace the outcome; none of its rows is picked yet.

        Parameters
        ----------
        outcome : Outcome
            The newest answer.

        Examples
        --------
        >>> from orbital_widgets import Outcome, Results
        >>> results = Results()
        >>> results.arrive(Outcome("grbs"))
        >>> results.outcome.table
        'grbs'
        """
        self.picked = ()
        self.outcome = outcome
        self.busy = False


def joined(answers: Sequence[Answer]) -> pl.DataFrame:
    """Return the rows of all answers, the observatory of each row first.

    The database returns rows in any order. Each table's rows are sorted by its sort key,
    so that the same rows are always shown in the same order.
    """
    frames = [
        _sorted(answer).select(
            pl.lit(answer.how.table.partition(".")[0]).alias("observatory"), pl.all()
        )
        for answer in answers
    ]
    return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()


def _sorted(answer: Answer) -> pl.DataFrame:
    table = schema.table(answer.how.table)
    identity = table.key or ("file_sha256", "file_row")
    order = dict.fromkeys((*table.sort, *identity))
    columns = [name for name in order if name in answer.frame.columns]
    return answer.frame.sort(columns, nulls_last=True) if columns else answer.frame
