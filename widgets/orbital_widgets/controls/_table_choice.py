"""The table queried, and the largest number of rows."""

import ipywidgets as widgets

from orbital_widgets.controls._field import Field
from orbital_widgets.selection import TABLES, Selection


def table_choice(selection: Selection) -> tuple[Field, Field]:
    """Return fields for the table and the row limit per observatory."""
    return (
        Field(
            selection, "table", widgets.Dropdown(description="Table", options=TABLES)
        ),
        Field(selection, "limit", widgets.IntText(description="Row limit")),
    )
