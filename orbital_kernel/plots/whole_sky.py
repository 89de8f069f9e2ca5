"""An empty map of the whole sky with RA in hours, and the place under the cursor."""

from typing import Any

import polars as pl
from bokeh.models import CustomJS, Label, Range1d

from orbital_kernel.plots import sky_lines, theme
from orbital_kernel.plots.equal_area import HIGH, INVERSE_JS, WIDE, Hammer, Projection

MARGIN = 1.04
CURSOR = (
    INVERSE_JS
    + """
const view = figure.tags.find(t => t.kind);
const found = view ? place(view.kind, view.ra, view.dec, cb_obj.x, cb_obj.y) : null;
label.setv({text: found ? words(...found) : ''}, {sync: false});
"""
)


def whole_sky(title: str, positions: pl.DataFrame) -> tuple[Any, Any]:
    """Return an empty map of the whole sky, and the projection of positions on it."""
    view = Hammer()
    drawn = theme.canvas(
        title,
        positions,
        width=900,
        height=520,
        sizing_mode="fixed",
        frame_width=820,
        frame_height=410,
        x_range=Range1d(-MARGIN * WIDE, MARGIN * WIDE),
        y_range=Range1d(-MARGIN * HIGH, MARGIN * HIGH),
        x_axis_label="right ascension (hours, ICRS), 24 h left to 0 h right · "
        "Hammer projection, equal area",
        y_axis_label="declination (deg, ICRS)",
    )
    without_axes(drawn)
    lines, labels = sky_lines.graticule(view, (180.0, 0.0), 180.0)
    drawn.multi_line(*lines, color=theme.GRID, line_width=1, level="underlay")
    write(drawn, labels)
    show_place(drawn, view)
    return drawn, view.forward


def without_axes(drawn: Any) -> None:
    """Remove grid and ticks: a graticule takes their place."""
    drawn.grid.grid_line_color = None
    for axis in drawn.axis:
        axis.ticker = []
        axis.axis_line_color = None


def write(drawn: Any, labels: Any) -> Any:
    """Write the labels of a graticule: columns or a source with x, y and text."""
    columns = labels if isinstance(labels, dict) else None
    names = columns or {"x": "x", "y": "y", "text": "text", "source": labels}
    return drawn.text(
        **names,
        x_offset=3,
        y_offset=-2,
        level="overlay",
        text_font_size="12px",
        text_color=theme.INK,
        text_font={"value": theme.FONT},
    )


def show_place(drawn: Any, view: Projection) -> Any:
    """Write RA and Dec under the cursor into the map's corner, in the browser alone."""
    drawn.tags = [view.facts]
    label = Label(
        x=4,
        y=2,
        x_units="screen",
        y_units="screen",
        text="",
        level="overlay",
        text_font=theme.FONT,
        text_font_size="12px",
        text_color=theme.INK,
        background_fill_color="white",
        background_fill_alpha=0.7,
    )
    drawn.add_layout(label)
    code = CustomJS(args={"figure": drawn, "label": label}, code=CURSOR)
    drawn.js_on_event("mousemove", code)
    return label
