"""Figures of points and of positions, each over one column source."""

from typing import Any

from bokeh.models import ColumnDataSource, HoverTool, Whisker
from bokeh.plotting import figure

from orbital_kernel.plots import theme
from orbital_widgets.axes import AXES
from orbital_widgets.results import Outcome

HEIGHT = 380


def plot(table: str, source: ColumnDataSource, x_scale: str, y_scale: str) -> Any:
    """Return y against x with error bars, limits as triangles pointing down."""
    axes = AXES[table]
    drawn = figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        x_axis_type=x_scale,
        y_axis_type=y_scale,
        x_axis_label=axes.x_label,
        y_axis_label=axes.y_label,
        tools="pan,wheel_zoom,box_zoom,box_select,tap,reset,save",
        active_drag="box_select",
        active_scroll="wheel_zoom",
    )
    drawn.add_layout(
        Whisker(
            source=source,
            base="x",
            lower="low",
            upper="high",
            line_color="color",
            upper_head=None,
            lower_head=None,
        )
    )
    drawn.scatter(
        "x",
        "y",
        source=source,
        size=7,
        marker="marker",
        color="color",
        alpha=0.7,
        nonselection_alpha=0.15,
        legend_field="observatory",
    )
    drawn.add_tools(
        HoverTool(
            tooltips=[
                ("", "@observatory @name"),
                (axes.x_label, "@x{%F %T}" if axes.x_is_time else "@x"),
                (axes.y_label, "@y"),
            ],
            formatters={"@x": "datetime"} if axes.x_is_time else {},
        )
    )
    theme.dress(drawn)
    for axis, scale in ((drawn.xaxis[0], x_scale), (drawn.yaxis[0], y_scale)):
        if scale == "log":
            theme.log_axis(axis)
    legend = drawn.legend[0]
    legend.location, legend.border_line_color = "top_left", None
    legend.orientation = "horizontal"
    drawn.center.remove(legend)
    drawn.add_layout(legend, "above")
    return drawn


def dress(drawn: Any, outcome: Outcome, unit: str) -> None:
    """Write the unit on the y axis, and above the plot that rows are simulated."""
    label = AXES[outcome.table].y_label
    has_units = AXES[outcome.table].unit_column is not None
    drawn.yaxis.axis_label = (
        f"{label} ({theme.unit_label(unit)})" if has_units else label
    )
    mark = f"{theme.SIMULATED} · " if outcome.simulated else ""
    drawn.title.text = f"{mark}{outcome.table}"
