"""One look at the bursts: the newest, the selected one's rates, who has acknowledged what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.model import times
from orbital_kernel.query import Largest, Query, TimeSpan
from orbital_widgets.acknowledgements import acknowledged

BURSTS = "cross.bursts"
MARGIN_S = 120.0
WINDOWS = 5.0
"""Time shown on either side, in lengths of the window or of T90."""


@dataclass(frozen=True, eq=False)
class BurstLook:
    """What one look found.

    Parameters
    ----------
    bursts : polars.DataFrame
        The newest rows of cross.bursts, newest first.
    seen : mapping
        Acknowledgement by burst_id.
    selected : dict, optional
        The selected row; None without bursts.
    rates : polars.DataFrame
        Rates of the selected row's series around its window.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets.burst_look import look
    >>> len(look(connect(), newest=2).bursts)
    2
    """

    bursts: pl.DataFrame
    seen: Mapping[str, dict[str, Any]]
    selected: dict[str, Any] | None = None
    rates: pl.DataFrame = field(default_factory=pl.DataFrame)


def look(
    orbital: Any, *, newest: int, selected: str | None = None, cause: str | None = None
) -> BurstLook:
    """Return the newest bursts and the rates about the selected one, else the newest."""
    query = Query(
        BURSTS,
        sets={} if cause is None else {"cause": [cause]},
        largest=Largest("time", newest),
    )
    bursts = orbital.query(query, kind="bursts").frame.sort("time", descending=True)
    if bursts.is_empty():
        return BurstLook(bursts, {})
    rows = bursts.filter(burst_id=selected) if selected else bursts
    row = (rows if len(rows) else bursts).row(0, named=True)
    seen = acknowledged(orbital, bursts["burst_id"].to_list())
    return BurstLook(bursts, seen, row, rates_around(orbital, row))


def rates_around(orbital: Any, row: Mapping[str, Any]) -> pl.DataFrame:
    """Return the bins of a burst's series around its window."""
    length = max(row["timescale_s"] or 0.0, row["t90_s"] or 0.0)
    pad = timedelta(seconds=max(WINDOWS * length, MARGIN_S))
    ends = [row["time"] - pad, row["time"] + timedelta(seconds=length) + pad]
    start, stop = times.to_utc_iso(np.array(ends, dtype="datetime64[ns]"))
    query = Query(
        f"{row['observatory']}.rates",
        sets={"series": [row["series"]]},
        time=TimeSpan(start, stop),
    )
    frame: pl.DataFrame = orbital.query(query, kind="series").frame
    return frame.sort("time", "channel")


def coincidences(row: Mapping[str, Any]) -> str:
    """Return the names of catalogue bursts and notices that a burst coincides with."""
    entries = json.loads(row["matches"] or "[]")
    names = (str(e.get("name", "")) if isinstance(e, dict) else str(e) for e in entries)
    return ", ".join(name for name in names if name)


def utc(row: Mapping[str, Any]) -> str:
    """Return the start of a burst's window, UTC to the second."""
    stamps = np.array([row["time"]], dtype="datetime64[ns]")
    return str(times.to_utc_iso(stamps)[0])[:19].replace("T", " ")
