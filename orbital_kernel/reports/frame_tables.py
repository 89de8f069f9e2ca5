"""Tables of frames on a page, as people read them: no types, no quotes, rows counted."""

import re
from typing import Any

from bs4 import BeautifulSoup

SHAPE = re.compile(r"shape: \(([\d_,]+), [\d_,]+\)")
QUOTE = '"'
NULL, BLANK = "null", "—"
"""A missing value as Polars writes it (a text is in quotes), and on a page."""


def plain(soup: BeautifulSoup) -> None:
    """Change the tables of Polars: texts without quotes, types dropped, rows counted."""
    for table in soup.select("table.dataframe"):
        rows = table.select("tbody > tr")
        types = table.select("thead > tr")[1:]
        shape = table.find_previous_sibling("small")
        match = None if shape is None else SHAPE.fullmatch(shape.get_text())
        if shape is None or match is None or len(types) != 1:
            continue  # not a frame of Polars
        types[0].decompose()
        texts = {at for row in rows for at in _unquoted(row)}
        for at, head in enumerate(table.select("thead th")):
            if at in texts:
                head["class"] = "text"
        number = int(re.sub(r"\D", "", match[1]))
        if not number:
            shape.string = "no rows"
            continue
        shown = sum(row.get_text(strip=True).strip("…") != "" for row in rows)
        if number > shown:
            shape.string = f"{number:,} rows, {shown} of them shown"
        else:
            shape.decompose()


def _unquoted(row: Any) -> list[int]:
    """Take the quotes off the texts of a row; return in which columns they are.

    A missing value becomes a dash.
    """
    columns = []
    for at, cell in enumerate(row.find_all("td")):
        text = cell.get_text()
        if len(text) > 1 and text.startswith(QUOTE):
            cell.string = text[1:].removesuffix(QUOTE)
            cell["class"] = "text"
            columns.append(at)
        elif text == NULL:
            cell.string = BLANK
    return columns
