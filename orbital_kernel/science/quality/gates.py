"""Rows marked by the quality of their time: an analysis refuses or excludes the bad ones."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import TT, demand

MARK = "quality"
REASON = "quality_reason"


@dataclass(frozen=True)
class Spell:
    """A stretch of time that a check found bad.

    Attributes
    ----------
    start, stop
        Its ends, ns TT; `stop` None is open.
    state
        'warn' or 'bad'.
    reason
        The check and its subject.
    """

    start: int
    stop: int | None
    state: str
    reason: str


def marked(frame: pl.DataFrame, spells: tuple[Spell, ...]) -> pl.DataFrame:
    """Return a frame with the quality of each row's time.

    Parameters
    ----------
    frame
        Rows with time (TT). Rows without one are 'unknown'.
    spells
        Stretches of bad time.

    Returns
    -------
    polars.DataFrame
        The frame with quality ('ok', 'warn', 'bad', 'unknown') and quality_reason.
    """
    demand(frame, "time", subject="gates")
    at = frame["time"].cast(TT).cast(pl.Int64)
    ns = at.fill_null(0).to_numpy()
    worst = np.zeros(ns.size, dtype=np.int8)
    reasons = np.full(ns.size, "", dtype=object)
    for spell in spells:
        inside = ns >= spell.start
        if spell.stop is not None:
            inside &= ns < spell.stop
        worst[inside] = np.maximum(worst[inside], 2 if spell.state == "bad" else 1)
        reasons[inside] = [
            f"{text}; {spell.reason}" if text else spell.reason
            for text in reasons[inside]
        ]
    states = np.array(["ok", "warn", "bad"], dtype=object)[worst]
    dated = at.is_not_null().to_numpy()
    return frame.with_columns(
        pl.Series(MARK, np.where(dated, states, "unknown"), dtype=pl.String),
        pl.Series(REASON, np.where(dated, reasons, "no time"), dtype=pl.String),
    )


def require_good(frame: pl.DataFrame, *, refuse: str = "bad") -> pl.DataFrame:
    """Return a marked frame; raise QueryError if a row is as bad as `refuse`.

    Parameters
    ----------
    frame
        Rows as `marked` returns them.
    refuse
        'bad' (default) or 'warn', which refuses both.

    Raises
    ------
    QueryError
        If a row is refused; the message names the reasons.
    """
    refused = ("bad",) if refuse == "bad" else ("bad", "warn")
    rows = frame.filter(pl.col(MARK).is_in(refused))
    if not len(rows):
        return frame
    reasons = rows[REASON].unique().sort().to_list()
    raise QueryError(
        f"{len(rows):,} of {len(frame):,} rows are in time that quality checks found "
        f"{' or '.join(refused)}: {'; '.join(reasons[:3])}. Exclude them by the column "
        f"{MARK!r}, or analyse the other times"
    )
