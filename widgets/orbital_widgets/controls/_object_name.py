"""The cone by the name of the object at its centre."""

import ipywidgets as widgets

from orbital_widgets.controls._field import Field
from orbital_widgets.selection import Selection


def object_name(selection: Selection) -> Field:
    """Return a field for a name; the explorer resolves its position."""
    entry = widgets.Text(
        description="Object", placeholder="GRB 130427A", continuous_update=False
    )
    return Field(selection, "object", entry, parse=str.strip)
