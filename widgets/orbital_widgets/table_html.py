"""Rows as an HTML table: units in the header, times in UTC, text escaped."""

from html import escape
from typing import Any

import polars as pl

from orbital_kernel.model import schema, times
from orbital_kernel.model.schema import Column
from orbital_widgets.paint import LINE, PICKED

HIDDEN = {"healpix", "extra", "payload", "file_sha256", "file_row", "time_rule"}
NUMBERS = {"deg": "{:.5f}", "s": "{:.12g}"}
LONGEST = 60
STYLE = "border-collapse:collapse;font-size:12px;white-space:nowrap"
CELL = f"padding:2px 8px;border-bottom:1px solid {LINE}"


SORT = (
    "const menu = this.closest('.orbital-explorer')?.querySelector('.orbital-sort select');"
    "const at = [...(menu?.options ?? [])].findIndex(o => o.text === this.dataset.column);"
    "if (at >= 0) { menu.selectedIndex = at;"
    " menu.dispatchEvent(new Event('change', {bubbles: true})) }"
)
PICK = (
    "const list = this.closest('.orbital-rows')?.querySelector('.orbital-pick select');"
    "const row = list?.options[Number(this.dataset.row)];"
    "if (row) { row.selected = !row.selected;"
    " list.dispatchEvent(new Event('change', {bubbles: true})) }"
)


def table_html(
    frame: pl.DataFrame, table: str, *, picked: tuple[int, ...] | None = None
) -> str:
    """Return rows of `table` as HTML; columns without values are omitted.

    With `picked`, positions of the rows picked, a click on a row picks it in the list
    beside the table, and a click on the name of a column sorts by it.
    """
    columns = {column.name: column for column in schema.table(f"any.{table}").columns}
    shown = [name for name in frame.columns if _is_shown(frame[name])]
    live = picked is not None
    head = "".join(_header(name, columns.get(name), live=live) for name in shown)
    cells = [_cells(frame[name], columns.get(name)) for name in shown]
    body = "".join(
        _opened(row, picked)
        + "".join(f'<td style="{CELL}">{cell}</td>' for cell in texts)
        + "</tr>"
        for row, texts in enumerate(zip(*cells, strict=True))
    )
    return f'<table style="{STYLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _opened(row: int, picked: tuple[int, ...] | None) -> str:
    """Return the tag that opens a row."""
    if picked is None:
        return "<tr>"
    mark = f' style="{PICKED}" aria-selected="true"' if row in picked else ""
    return f'<tr data-row="{row}" onclick="{escape(PICK)}"{mark}>'


def _is_shown(column: pl.Series) -> bool:
    return column.name not in HIDDEN and column.null_count() < len(column)


def _header(name: str, column: Column | None, *, live: bool = False) -> str:
    unit = "UTC" if column and column.type == schema.TT else column and column.unit
    about = f"{column.doc} [{column.ucd}]" if column else "observatory"
    below = f"<br><small>{escape(unit)}</small>" if unit else ""
    sort = f' data-column="{escape(name)}" onclick="{escape(SORT)}"' if live else ""
    return f'<th scope="col"{sort} style="{CELL};text-align:left;vertical-align:top" title="{escape(about)}">{escape(name)}{below}</th>'


def _cells(values: pl.Series, column: Column | None) -> list[str]:
    if isinstance(values.dtype, pl.Datetime):
        return [text or "" for text in times.to_utc_iso(values.to_numpy())]
    numbers = NUMBERS.get(column.unit if column else "", "{:.6g}")
    return [_cell(value, numbers) for value in values]


def _cell(value: Any, numbers: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return numbers.format(value)
    text = str(value)
    return escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
