"""One look at the quality: the newest result of each check, and one check's samples."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

Key = tuple[str, str, str]


@dataclass(frozen=True, eq=False)
class QualityLook:
    """What one look at the quality found.

    Parameters
    ----------
    board : polars.DataFrame
        Rows of `orbital.quality.board()`, worst first.
    checks : polars.DataFrame
        Rows of `orbital.quality.checks()`, with the limits.
    selected : dict, optional
        The selected row of the board; None before any check has run.
    samples : polars.DataFrame
        Samples of the selected check's series.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets.quality_look import look
    >>> "limit" in look(connect()).board.columns
    True
    """

    board: pl.DataFrame
    checks: pl.DataFrame
    selected: dict[str, Any] | None = None
    samples: pl.DataFrame = field(default_factory=pl.DataFrame)


def look(orbital: Any, selected: Key | None = None) -> QualityLook:
    """Return the board, and the samples of the selected check, else of the worst."""
    board, checks = orbital.quality.board(), orbital.quality.checks()
    if board.is_empty():
        return QualityLook(board, checks)
    rows = board.to_dicts()
    row = next((row for row in rows if key(row) == selected), rows[0])
    samples = orbital.quality.history(row["name"], samples=True)
    of_row = samples.filter(
        pl.col("observatory") == row["observatory"], pl.col("subject") == row["subject"]
    )
    return QualityLook(board, checks, row, of_row.drop_nulls(["time", "value"]))


def key(row: Mapping[str, Any]) -> Key:
    """Return what identifies a row of the board."""
    return row["name"], row["observatory"], row["subject"]
