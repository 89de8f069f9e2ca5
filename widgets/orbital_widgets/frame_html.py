"""Rows of any frame as an HTML table, one page at a time, text escaped."""

from html import escape
from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.model import times
from orbital_kernel.query.units import units_by_name
from orbital_widgets.panel import rows_html

PAGE_ROWS = 20
LONGEST = 80


def frame_html(
    frame: pl.DataFrame, columns: tuple[str, ...] | None = None, *, first: int = 0
) -> str:
    """Return a page of rows from `first` on; columns without values are omitted."""
    names = [name for name in columns or frame.columns if name in frame.columns]
    names = [name for name in names if frame[name].null_count() < len(frame)]
    if not names:
        return "<i>no rows</i>"
    units = units_by_name(names)
    heads = tuple(
        f"{name} ({units[name]})" if units.get(name) else name for name in names
    )
    page = frame.select(names)[first : first + PAGE_ROWS]
    cells = [_cells(page[name]) for name in names]
    rows = list(zip(*cells, strict=True))
    last = first + len(page)
    count = f"rows {first + 1:,} to {last:,} of {len(frame):,}"
    return f"{rows_html(heads, rows, wraps=False)}<small>{count}</small>"


def _cells(values: pl.Series) -> list[str]:
    if isinstance(values.dtype, pl.Datetime):
        stamps = values.cast(pl.Datetime("ns")).to_numpy()
        return [escape(text or "") for text in times.to_utc_iso(np.asarray(stamps))]
    return [_cell(value) for value in values]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
