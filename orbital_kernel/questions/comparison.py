"""New rows compared with what was known at their places: the outcome, and its limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    def beyond(self) -> pl.Expr:
        """Whether a compared row is beyond both limits."""
        extreme = pl.max_horizontal(
            pl.col("ratio_faintest"), 1 / pl.col("ratio_brightest")
        )
        return (extreme >= self.ratio) & (pl.col("expected") <= self.expected)


@dataclass(frozen=True)
class Comparison:
    """New rows compared with what was known at their places.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows as in cross.findings, rarest first.
    alerts : polars.DataFrame
        Those of them beyond the ratio and the odds that are news (news.py).
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
    not_alerted : mapping of str to int
        Rows beyond the limits of alerts that are kept but no news, by reason.

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
    not_alerted: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the numbers and what is excluded in lines."""
        first = (
            f"{self.new:,} new rows: {len(self.rows):,} compared with earlier ones at "
            f"their place, {len(self.alerts)} alerts; {self.seconds:.2f} s"
        )
        excluded = [
            *(f"no alert: {n:,} rows: {why}" for why, n in self.not_alerted.items()),
            *(f"excluded: {n:,} rows: {why}" for why, n in self.excluded.items()),
        ]
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
            new, compared, files, waiting and seconds; alerts, the finding_ids;
            not_alerted and excluded, by reason.

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
            "not_alerted": dict(self.not_alerted),
            "excluded": dict(self.excluded),
        }
