"""The cone by numbers: RA, Dec and radius, decimal or sexagesimal."""

import math
from collections.abc import Callable

import ipywidgets as widgets

from orbital_widgets import angle_text
from orbital_widgets.controls._field import Field
from orbital_widgets.selection import Selection

DIGITS = 5


def position(selection: Selection) -> tuple[Field, Field, Field]:
    """Return fields for RA and Dec (blank: the whole sky) and the radius in arcmin."""
    return (
        _angle(selection, "ra", "RA", "83.63308 or 05:34:31.9", angle_text.ra_of),
        _angle(selection, "dec", "Dec", "22.0145 or +22:00:52", angle_text.dec_of),
        Field(
            selection,
            "radius_arcmin",
            widgets.Text(description="Radius (′)", continuous_update=False),  # noqa: RUF001
            parse=_number,
            show=lambda value: "" if value is None else f"{value:g}",
        ),
    )


def _angle(
    selection: Selection,
    trait: str,
    label: str,
    example: str,
    parse: Callable[[str], float],
) -> Field:
    entry = widgets.Text(
        description=f"{label} (°)", placeholder=example, continuous_update=False
    )
    return Field(
        selection,
        trait,
        entry,
        parse=lambda text: _given(parse(text)),
        show=lambda value: "" if value is None else f"{round(value, DIGITS):.10g}",
    )


def _given(degrees: float) -> float | None:
    return None if math.isnan(degrees) else degrees


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"the radius is a number of arcminutes, not {text!r}"
        ) from None
