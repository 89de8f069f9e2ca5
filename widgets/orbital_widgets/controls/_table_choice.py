"""Which table is asked, and how many rows at most."""

import ipywidgets as widgets

from orbital_widgets.controls._field import Field
from orbital_widgets.selection import TABLES, Selection


def table_choice(selection: Selection) -> tuple[Field, Field]:
    """Return fields for the table and the limit of rows an observatory."""
    return (
        Field(
            selection, "table", widgets.Dropdown(description="Table", options=TABLES)
        ),
        Field(selection, "limit", widgets.IntText(description="Row limit")),
    )
