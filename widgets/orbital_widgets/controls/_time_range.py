"""Start and end of the time range, in UTC."""

import ipywidgets as widgets

from orbital_widgets.controls._field import Field
from orbital_widgets.selection import Selection


def time_range(selection: Selection) -> tuple[Field, Field]:
    """Return fields for the first and last instant, blank if open."""
    return (
        _instant(selection, "start", "From (UTC)", "2013-04-27T07:47:06"),
        _instant(selection, "stop", "To (UTC)", "2013-04-28"),
    )


def _instant(selection: Selection, trait: str, label: str, example: str) -> Field:
    entry = widgets.Text(
        description=label, placeholder=example, continuous_update=False
    )
    return Field(selection, trait, entry)
