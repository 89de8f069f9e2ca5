"""How often noise alone passes a detector's threshold, by kind of series."""

from typing import Any

import polars as pl
from bokeh.models import ColumnDataSource, HoverTool

from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand


def false_alarms(curves: pl.DataFrame, *, title: str = "False alarms of noise") -> Any:
    """Return false alarms a day against threshold, one line per kind of series.

    Parameters
    ----------
    curves
        kind, threshold (sigma of bins of 1 s), per_day (false alarms / d): what
        `Calibration.frame` returns, or rows of `false_alarms` with a column `kind`.
    title
        Title of the figure.

    Returns
    -------
    bokeh.plotting.figure
        Logarithmic in the rate. Thresholds without any alarm are counted under the title.

    Examples
    --------
    >>> from orbital_kernel import plots
    >>> from orbital_kernel.science.bursts.calibration import packaged
    >>> figure = plots.false_alarms(packaged().frame())
    >>> figure.yaxis.axis_label
    'false alarms a day'
    """
    demand(curves, "kind", "threshold", "per_day", subject="false alarms")
    shown = curves.filter(pl.col("per_day") > 0).sort("kind", "threshold")
    drawn = theme.canvas(
        title,
        curves,
        y_axis_type="log",
        x_axis_label="threshold (sigma, bins of 1 s)",
        y_axis_label="false alarms a day",
    )
    theme.log_axis(drawn.yaxis[0])
    kinds = curves["kind"].unique(maintain_order=True).to_list()
    items = []
    for kind, color in theme.colors(kinds).items():
        part = shown.filter(pl.col("kind") == kind)
        columns = part.select("kind", "threshold", "per_day")
        source = ColumnDataSource(columns.to_dict(as_series=False))
        line = drawn.line(
            "threshold", "per_day", source=source, color=color, line_width=2
        )
        items.append((kind, [line]))
    tips = [
        ("", "@kind"),
        ("threshold", "@threshold{0.0}"),
        ("a day", "@per_day{0.000}"),
    ]
    drawn.add_tools(HoverTool(tooltips=tips))
    theme.legend(drawn, items)
    silent = curves.height - shown.height
    theme.note(drawn, f"{silent:,} thresholds that nothing passed" if silent else "")
    return drawn
