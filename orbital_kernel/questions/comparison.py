"""New rows compared with what was known at their places: the outcome, and its limits."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from orbital_kernel.query import Explain

RATIO, EXPECTED = 5.0, 0.01
KEY_CONTENT = 16
"""A row's key begins with so many digits of its file's hash."""


@dataclass(frozen=True)
class Limits:
    """What makes a finding an alert: least ratio, largest number expected by chance."""

    ratio: float = RATIO
    expected: float = EXPECTED

    @property
    def exceeded(self) -> pl.Expr:
        """Whether a row, of rows in order of their p-values, is an alert.

        It is beyond both limits, and the first of its file and object: a light curve of
        many points gives one alert.
        """
        extreme = pl.max_horizontal(
            pl.col("ratio_faintest"), 1 / pl.col("ratio_brightest")
        )
        beyond = (extreme >= self.ratio) & (pl.col("expected") <= self.expected)
        file = pl.col("key").str.slice(0, KEY_CONTENT)
        number = beyond.cast(pl.Int64).cum_sum().over("table", "object", file)
        return (beyond.fill_null(value=False) & (number == 1)).alias("alert")


@dataclass(frozen=True)
class Comparison:
    """New rows compared with what was known at their places.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows as in cross.findings, rarest first.
    alerts : polars.DataFrame
        Those of them beyond the ratio and the odds.
    new : int
        How many new rows were examined.
    excluded : mapping of str to int
        New and earlier rows that are not compared, by reason; an earlier row near
        several parts of the sky counts in each.
    how : Explain
        How the rows were found; None if nothing was to be compared.
    files : int
        Contents that were compared whole.
    waiting : int
        Contents that remain to be compared, by the next run.
    seconds : float
        Time it took, s.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> comparison = orbital.compare_new()
    >>> comparison.new >= len(comparison.rows) >= len(comparison.alerts)
    True
    """

    rows: pl.DataFrame
    alerts: pl.DataFrame
    new: int
    excluded: Mapping[str, int]
    how: Explain | None
    files: int = 0
    waiting: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return the numbers and what is excluded in lines."""
        first = (
            f"{self.new:,} new rows: {len(self.rows):,} compared with earlier ones at "
            f"their place, {len(self.alerts)} beyond the limits of alerts; "
            f"{self.seconds:.2f} s"
        )
        excluded = [f"excluded: {n:,} rows: {why}" for why, n in self.excluded.items()]
        if self.waiting:
            excluded.append(
                f"{self.waiting:,} files remain to be compared, by the next ingest or "
                "`orbital findings --compare`"
            )
        return "\n".join((first, *excluded))

    def to_json(self) -> dict[str, object]:
        """Return the numbers as `orbital findings --compare --json` prints them.

        Returns
        -------
        dict
            new, compared, files, waiting and seconds; alerts, the finding_ids; excluded.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.compare_new().to_json()["waiting"]
        0
        """
        return {
            "new": self.new,
            "compared": len(self.rows),
            "alerts": self.alerts["finding_id"].to_list(),
            "files": self.files,
            "waiting": self.waiting,
            "seconds": self.seconds,
            "excluded": dict(self.excluded),
        }
